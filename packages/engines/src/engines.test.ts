import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Engine, engineUrl } from './engine.js'
import { mysql } from './mysql.js'
import { postgres } from './postgres.js'

describe.each([postgres, mysql])('$name', (engine) => {
  test('the server of this run, where there is one, lets us in', async () => {
    const url = engineUrl(engine)
    if (url !== null) expect(await engine.answers(url)).toBe(true)
  })

  test('a server can be started from the programs of this machine, and leaves nothing behind', async () => {
    const started = await engine.start()
    if (started === null) return
    expect(started.url).not.toBe(engineUrl(engine))
    expect(await engine.answers(started.url)).toBe(true)
    await started.stop()
    expect(await engine.answers(started.url)).toBe(false)
  })

  test('what does not answer is no server', async () => {
    expect(await engine.answers(unreachable(engine))).toBe(false)
  })

  test('the remedy names the variable', () => {
    expect(engine.remedy).toContain(engine.variable)
  })
})

test('Docker has a file to start from, where there is nothing else', () => {
  expect(existsSync(new URL('../../../compose.yaml', import.meta.url))).toBe(true)
})

/** Port 9 is "discard", which no database uses. */
function unreachable(engine: Engine): string {
  const url = new URL(engine.usual[0] ?? '')
  url.port = '9'
  return url.href
}
