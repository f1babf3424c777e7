/** One server under measurement, as a process of its own: `node server.ts express "by hand, Map"`. Tells its CPU time on request. */
import { expressServers } from './express-servers.ts'
import { fastifyServers } from './fastify-servers.ts'
import { startNext } from './next-server.ts'

const [framework = '', name = ''] = process.argv.slice(2)
const start = { express: startExpress, fastify: startFastify, next: () => startNext(name) }[framework]
if (!start) throw new Error(`no such framework: ${framework}`)
const { port, headers } = await start()
process.send?.({ port, headers })
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMicroseconds: user + system })
})
process.on('disconnect', () => process.exit(0))

async function startExpress() {
  const made = await expressServers[name]?.()
  if (!made) throw new Error(`no such server: ${name}`)
  const server = made.app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  return { port: typeof address === 'object' ? address?.port : undefined, headers: made.headers }
}

async function startFastify() {
  const made = await fastifyServers[name]?.()
  if (!made) throw new Error(`no such server: ${name}`)
  const address = await made.app.listen({ host: '127.0.0.1', port: 0 })
  return { port: Number(new URL(address).port), headers: made.headers }
}
