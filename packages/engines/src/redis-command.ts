/** One command to a Redis server over a connection of its own, with no client library. */
import { once } from 'node:events'
import { connect } from 'node:net'

/** Sends an inline command, and resolves with the answer's text. Rejects for an error and when it takes two seconds. */
export async function askRedis(address: { host: string; port: number }, command: string): Promise<string> {
  const socket = connect(address)
  socket.setTimeout(2_000, () => socket.destroy(new Error('Redis did not answer.')))
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    let received = ''
    for await (const chunk of socket) {
      received += String(chunk)
      const answer = complete(received)
      if (answer !== null) return answer
    }
    throw new Error('Redis closed the connection.')
  } finally {
    socket.destroy()
  }
}

/** The text of an answer that is there as a whole, else `null`. Throws an error answer. */
function complete(received: string): string | null {
  const end = received.indexOf('\r\n')
  if (end === -1) return null
  const line = received.slice(1, end)
  if (received.startsWith('-')) throw new Error(line)
  if (!received.startsWith('$')) return line
  const length = Number(line)
  const text = received.slice(end + 2)
  return text.length >= length + 2 ? text.slice(0, length) : null
}
