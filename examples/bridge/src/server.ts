/** Starts the example. Prints `ready ORIGIN`. */
import { start } from './start.ts'

const port = Number(process.env.PORT ?? 3000)
const started = await start({ app: port, clinic: port + 1, api: port + 2 })
console.log(`ready ${started.origin}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void started.close().then(() => process.exit(0)))
}
