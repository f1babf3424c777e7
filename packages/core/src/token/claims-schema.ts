/** An app's own claims, checked by its own schema library. */

/**
 * What is used of Standard Schema (version 1; zod, valibot, arktype …). It only accepts or refuses: claims are never changed
 * on the way, so a schema that transforms tells a type that the claims do not have.
 *
 * @see https://standardschema.dev
 */
export interface ClaimsSchema<Claims> {
  /** The validator, as the Standard Schema specification lays it out. */
  readonly '~standard': {
    validate(value: unknown): SchemaResult<Claims> | Promise<SchemaResult<Claims>>
    /** Only for types. */
    readonly types?: { readonly output: Claims } | undefined
  }
}

/** Either a value or issues. */
type SchemaResult<Claims> =
  | { readonly value: Claims; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] }

/** Whether it has what a Standard Schema has; arktype's are functions. */
export function isSchema(value: unknown): boolean {
  const schema = (value ?? {}) as { '~standard'?: { validate?: unknown } }
  return typeof schema['~standard']?.validate === 'function'
}

/** The claims, where the schema (if there is one) accepts them. A schema that throws refuses. No promise without one. */
export function withSchema<Claims extends object, Value extends object>(
  schema: ClaimsSchema<Claims> | undefined,
  claims: Value,
): (Value & Claims) | Promise<(Value & Claims) | null> {
  return schema ? accepted(schema, claims) : (claims as Value & Claims)
}

async function accepted<Claims extends object, Value extends object>(
  schema: ClaimsSchema<Claims>,
  claims: Value,
): Promise<(Value & Claims) | null> {
  try {
    return (await schema['~standard'].validate(claims)).issues === undefined ? (claims as Value & Claims) : null
  } catch {
    return null
  }
}
