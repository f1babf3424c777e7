/** The adapter contract as a suite: what every framework adapter must show over real HTTP. */
import {
  type Authenticator,
  createAuthenticator,
  createSessions,
  memoryStore,
  type RequestAuth,
  type Store,
} from '@tessera-auth/core'
import { afterAll, beforeAll, describe } from 'vitest'
import { adapterRoutes } from './adapter-contract/adapter-routes.js'
import { type AdapterWorld, faultyStore, origin } from './adapter-contract/adapter-world.js'
import { describeAnswers } from './adapter-contract/describe-answers.js'
import { describeErrors } from './adapter-contract/describe-errors.js'
import { describeRequests } from './adapter-contract/describe-requests.js'

/** A route that an app under test mounts the way its framework's users would. */
export interface AdapterRoute {
  /** The HTTP method. */
  readonly method: 'GET' | 'POST'
  /** Without parameters: a prefix that the framework may mount a router at, and the rest. */
  readonly path: readonly [prefix: string, rest: string]
  /** Runs inside the route. `getAuth` is the adapter's door of this very request. */
  run(getAuth: () => RequestAuth): Promise<AdapterAnswer>
}

/** What a route's handler answers, through the framework's own means. */
export interface AdapterAnswer {
  /** The HTTP status. */
  readonly status: number
  /** To be set before the body is sent, `set-cookie` appended. */
  readonly headers: Readonly<Record<string, string>>
  /** To be sent as JSON. */
  readonly body: unknown
}

/** An app under test. */
export interface StartedAdapter {
  /** Where it listens. */
  readonly origin: string
  /** Stops the server. */
  close(): Promise<void>
}

/**
 * Registers the vitest suite of the adapter contract: cookies appended and never replaced, `no-store` where nobody said
 * otherwise, nothing read unless asked, error bodies, and requests that never mix.
 *
 * @param start - mounts the adapter's middleware, every route, then the adapter's error handler, and listens on loopback.
 * @example
 * ```ts
 * describeAdapter('my framework', async (authenticator, routes) => {
 *   const { getAuth, ...adapter } = myAdapter(authenticator)
 *   const app = myFramework().use(adapter.middleware)
 *   for (const { method, path, run } of routes) {
 *     app.on(method, path.join(''), async (request, reply) => {
 *       const { status, headers, body } = await run(() => getAuth(request))
 *       reply.code(status).headers(headers).send(body)
 *     })
 *   }
 *   return listen(app)
 * })
 * ```
 */
export function describeAdapter(
  name: string,
  start: (authenticator: Authenticator, routes: readonly AdapterRoute[]) => Promise<StartedAdapter>,
): void {
  describe(`Adapter contract: ${name}`, () => {
    let started: StartedAdapter | undefined
    const faults = faultyStore(memoryStore())
    const authenticator = createAuthenticator({
      origin,
      sessions: createSessions({ store: faults.store satisfies Store }),
    })
    const world: AdapterWorld = {
      authenticator,
      faults,
      url: (path) => {
        if (!started) throw new Error(`${name} is not started`)
        return `${started.origin}${path}`
      },
    }
    beforeAll(async () => {
      started = await start(authenticator, adapterRoutes)
    })
    afterAll(() => started?.close())

    describeAnswers(world)
    describeErrors(world)
    describeRequests(world)
  })
}
