/** What is known of one database engine: how to find it, start it, and what to tell where neither works. */

/** A server that was started for this run. */
export interface StartedServer {
  readonly url: string
  stop(): Promise<void>
}

/** One kind of server. */
export interface Engine {
  readonly name: string
  /** The environment variable that names a server, and that tells the test processes which one was found. */
  readonly variable: string
  /** What a person can do where the engine is not run. */
  readonly remedy: string
  /** Where a server may be answering already, with the usual names of a developer's machine. */
  readonly usual: readonly string[]
  /** Whether a server at this URL lets us in. */
  answers(url: string): Promise<boolean>
  /** Starts one from the programs on this machine; `null` where there are none. */
  start(): Promise<StartedServer | null>
}

/** The URL of this engine for a test, or `null` where it is not run. Global set-up has found or started it. */
export function engineUrl(engine: Engine): string | null {
  return process.env[engine.variable] || null
}
