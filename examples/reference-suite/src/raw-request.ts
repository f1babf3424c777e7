/** Requests that no client library sends. */
import { connect } from 'node:net'
import type { AppProcess } from './app-process.ts'

/** An answer, as it came. */
export interface RawAnswer {
  readonly status: number
  /** Status line and headers. */
  readonly head: string
  readonly body: string
}

/** Sends lines as they are, and reads until the app closes the connection. Rejects when nothing comes within ten seconds. */
export function sendRaw(app: AppProcess, ...lines: string[]): Promise<RawAnswer> {
  return sendRawBody(app, lines, '')
}

/** The same with octets after the headers. */
export function sendRawBody(app: AppProcess, lines: readonly string[], sent: string): Promise<RawAnswer> {
  const { port } = new URL(app.address)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), 'localhost')
    let text = ''
    socket.setEncoding('utf8').setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('error', reject)
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n', 2)
      resolve({ status: Number(head.split(' ')[1]), head, body })
    })
    socket.write([...lines, `Host: localhost:${port}`, '', sent].join('\r\n'))
  })
}
