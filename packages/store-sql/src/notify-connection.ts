/** One PostgreSQL connection that listens, is watched, and is opened again when it is lost. */
import { StoreError } from '@tessera-auth/core/store'
import { rest } from './pause.js'

/** `Client` of pg; not a pool, since LISTEN belongs to one connection. */
export interface NotifyClient {
  /** Runs one statement. */
  query(text: string, values?: string[]): Promise<unknown>
  /** A message of a channel that is listened to. */
  on(event: 'notification', listener: (message: NotifyMessage) => void): unknown
  /** The connection broke, or was closed. */
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown
  /** Closes the connection. */
  end(): Promise<void>
  /** Lets the process end although the connection is open. */
  unref?(): void
}

/** A client that is not connected yet: the bus connects it, and so can let go of it before it is. */
export interface UnconnectedNotifyClient extends NotifyClient {
  /** Opens the connection. */
  connect(): Promise<unknown>
  /** What it is sent over: destroyed where nobody answers. */
  readonly connection?: { readonly stream?: { destroy?(): unknown } }
}

/** How a bus gets a client: one to connect, or one that is connected. */
export type OpenNotifyClient = () => UnconnectedNotifyClient | Promise<NotifyClient>

/** One message of a channel. */
export interface NotifyMessage {
  /** The channel it was sent to. */
  readonly channel: string
  /** Its text. */
  readonly payload?: string | undefined
}

/** What a listening connection is made of. */
export interface ListeningOptions {
  readonly channel: string
  readonly connect: OpenNotifyClient
  onMessage(payload: string): void
  /** `true` each time LISTEN was acknowledged, `false` when that connection was lost. */
  onHealth(healthy: boolean): void
  onError(error: unknown): void
}

/** A listening connection. */
export interface Listening {
  /** Runs a statement on it. Throws `StoreError` while there is no connection, or when it does not answer. */
  query(text: string, values: string[]): Promise<void>
  /** Closes it; resolves when nothing will be called any more. */
  stop(): Promise<void>
}

/** A connection that is being opened. */
interface Opening {
  /** Where it is known before it is connected. */
  readonly client: UnconnectedNotifyClient | null
  readonly opened: Promise<Opened>
}

/** An open connection, and what resolves when it is lost. */
interface Opened {
  readonly client: NotifyClient
  readonly lost: Promise<void>
}

/** A connection that does not answer for so long is given up: a network that was cut says nothing by itself. */
const answerMilliseconds = 5_000
const firstPauseMilliseconds = 100
const longestPauseMilliseconds = 5_000

/** Connects, listens, and goes on until it is stopped. */
export function keepListening(options: ListeningOptions): Listening {
  const stop = new AbortController()
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  let current: NotifyClient | null = null
  let opening: Opening | null = null

  /** One that is late is waited for again: nobody can close it before it is there, and a new one would stay beside it. */
  async function openInTime(): Promise<Opened | null> {
    opening ??= start()
    const opened = await Promise.race([inTime(opening.opened), stopped])
    if (!opened) return null
    opening = null
    return opened
  }

  function start(): Opening {
    const started = startOpening(options.connect)
    started.opened.catch(() => (opening = null))
    return started
  }

  async function listenUntilLost(): Promise<void> {
    const opened = await openInTime()
    if (!opened) return
    const { client, lost } = opened
    try {
      client.unref?.()
      client.on('notification', ({ channel, payload }) => {
        if (channel === options.channel && payload !== undefined && !stop.signal.aborted) options.onMessage(payload)
      })
      await inTime(client.query(`listen "${options.channel}"`))
      current = client
      if (!stop.signal.aborted) options.onHealth(true)
      await watch(client, lost)
    } finally {
      if (current && !stop.signal.aborted) options.onHealth(false)
      current = null
      close(client)
    }
  }

  /** Resolves when the connection ended, rejects when it no longer answers. */
  async function watch(client: NotifyClient, lost: Promise<void>): Promise<void> {
    let over = false
    async function keepAsking(): Promise<void> {
      while (!over) {
        await rest(answerMilliseconds)
        if (!over) await inTime(client.query('select 1'))
      }
    }
    // One race for the whole life of the connection: each would leave its reactions on the promises that last.
    try {
      await Promise.race([lost, stopped, keepAsking()])
    } finally {
      over = true
    }
  }

  async function run(): Promise<void> {
    let wait = firstPauseMilliseconds
    while (!stop.signal.aborted) {
      try {
        await listenUntilLost()
        wait = firstPauseMilliseconds
      } catch (error) {
        options.onError(error)
        wait = Math.min(wait * 2, longestPauseMilliseconds)
      }
      await Promise.race([stopped, rest(wait)])
    }
    if (opening) abandon(opening)
  }

  const running = run()
  return {
    async query(text, values) {
      if (!current) throw new StoreError('The bus is not connected to PostgreSQL.')
      await inTime(current.query(text, values))
    },
    async stop() {
      stop.abort()
      await running
    },
  }
}

function startOpening(connect: OpenNotifyClient): Opening {
  const made = connect()
  if ('then' in made) return { client: null, opened: made.then(watched) }
  const opened = watched(made)
  return { client: made, opened: made.connect().then(() => opened) }
}

/** From the start, as an 'error' that nobody listens to ends the process. */
function watched(client: NotifyClient): Opened {
  const lost = new Promise<void>((resolve) => {
    client.on('end', () => resolve())
    client.on('error', () => resolve())
  })
  return { client, lost }
}

/** Lets go of a connection that is not open yet. One that the caller opens is closed as soon as it is. */
function abandon({ client, opened }: Opening): void {
  if (client) {
    close(client)
    // A server that says nothing would not answer the end of the stream either.
    client.connection?.stream?.destroy?.()
    return
  }
  opened.then(
    ({ client: late }) => close(late),
    () => {},
  )
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = rest(answerMilliseconds).then(() => {
    throw new StoreError(`PostgreSQL did not answer the bus within ${answerMilliseconds / 1000} s.`)
  })
  return Promise.race([answer, late])
}

/** A connection that was lost cannot say goodbye, so nobody waits for that. */
function close(client: NotifyClient): void {
  client.unref?.()
  client.end().catch(() => {})
}
