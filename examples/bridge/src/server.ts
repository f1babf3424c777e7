/** Starts the example. Prints `ready ORIGIN`. `PORT` and the two after it; 0: any free ones. */
import { start } from './start.ts'

const port = Number(process.env.PORT ?? 3000)
const started = await start(port === 0 ? { app: 0, clinic: 0, api: 0 } : { app: port, clinic: port + 1, api: port + 2 })
// A terminal's Ctrl-C may come twice, from the terminal and from the program that started this one.
let stopped: Promise<never> | undefined
const stop = (): void => {
  stopped ??= started.close().then(() => process.exit(0))
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
console.log(`ready ${started.origin}`)
