/** JSON schemas of bodies and answers. What a schema does not name is not sent. */

const text = { type: 'string' } as const
const seconds = { type: 'integer' } as const

/** A body with these fields, all of them text. */
export function textFields<const Names extends readonly string[]>(...names: Names) {
  return {
    type: 'object',
    required: names,
    properties: Object.fromEntries(names.map((name) => [name, text])),
  } as const
}

/** `{email,password}`. */
export const credentials = textFields('email', 'password')

/** The same, and whether to be remembered. */
export const signInBody = {
  ...credentials,
  properties: { ...credentials.properties, remember: { type: 'boolean' } },
} as const

/** `{items:[text]}`. */
export const cart = {
  type: 'object',
  required: ['items'],
  properties: { items: { type: 'array', items: text } },
} as const

/** A session, as everybody may see their own. */
export const session = {
  type: 'object',
  properties: {
    id: text,
    createdAt: seconds,
    authenticatedAt: seconds,
    lastSeenAt: seconds,
    expiresAt: seconds,
    methods: { type: 'array', items: text },
    device: { type: 'object', properties: { label: text } },
    current: { type: 'boolean' },
  },
} as const

/** `{session}`. */
export const oneSession = { type: 'object', properties: { session } } as const

/** `{user,session}`. */
export const signedIn = {
  type: 'object',
  properties: {
    user: { type: 'object', properties: { id: text, email: { type: 'string', nullable: true } } },
    session,
  },
} as const

/** `{sessions}`. */
export const sessionList = {
  type: 'object',
  properties: { sessions: { type: 'array', items: session } },
} as const
