/** The apps that README.md and Getting started show start as they stand there, and do what they say. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { snippetsOf } from './checks/docs-code.ts'
import { root } from './workspace.ts'

const readme = read('README.md')
const guide = read('docs/guide/getting-started.md')
const users = read('docs/snippets/users.ts')
/** Where the packages are found under their names. */
const home = join(root, 'examples/express/node_modules/.cache')
const ada = { email: 'Ada@mail.example', password: 'a few words are better' }

test('Getting started shows the very users.ts that every page is compiled with', () => {
  expect(guide).toContain(`\`\`\`ts\n${users}\`\`\`\n`)
})

describe.each([
  ['README.md', { 'server.ts': firstBlock(readme), 'users.ts': users }],
  ['docs/guide/getting-started.md', Object.fromEntries(snippetsOf(guide).map(({ name, code }) => [name, code]))],
])('the app of %s', (_page, files) => {
  const folder = newFolder()
  let port: number
  let app: ChildProcess

  beforeAll(async () => {
    port = await freePort()
    for (const [name, code] of Object.entries(files)) {
      const { outputText } = ts.transpileModule(code.replaceAll('3000', String(port)), {
        compilerOptions: { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext },
      })
      writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), outputText)
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const settings = {
      ORIGIN: `http://localhost:${port}`,
      APP_SECRETS: 'a secret of this test, of 32 characters or more',
    }
    const env = { ...process.env, ...settings, NODE_NO_WARNINGS: '1' }
    app = spawn(process.execPath, ['server.js'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
    await vi.waitFor(() => ask('GET', '/me'), { timeout: 30_000, interval: 50 })
  })
  afterAll(async () => {
    const ended = app.exitCode === null ? once(app, 'exit') : null
    app.kill()
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  /** As a page of the app would ask. */
  async function ask(method: string, path: string, { body, cookie = '' }: { body?: unknown; cookie?: string } = {}) {
    const response = await fetch(`http://localhost:${port}${path}`, {
      method,
      headers: { 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json', Cookie: cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const [line = ''] = response.headers.getSetCookie()
    return { status: response.status, cookie: line.split(';')[0] ?? '', text }
  }

  test('signs up, says who it is, signs out, and signs in again', async () => {
    const signedUp = await ask('POST', '/sign-up', { body: ada })
    expect(signedUp.status).toBe(201)
    const me = await ask('GET', '/me', signedUp)
    expect(JSON.parse(me.text)).toMatchObject(JSON.parse(signedUp.text))
    const signedOut = await ask('POST', '/sign-out', { cookie: signedUp.cookie })
    expect(signedOut.status).toBe(204)
    expect((await ask('GET', '/me', signedUp)).status).toBe(401)

    const signedIn = await ask('POST', '/sign-in', { body: { ...ada, email: 'ada@MAIL.example' } })
    expect(signedIn).toMatchObject({ status: 200, text: signedUp.text })
    expect((await ask('GET', '/me', { cookie: signedIn.cookie })).status).toBe(200)
  })

  test('refuses a taken address, a weak password, a wrong one, and what is no form of it', async () => {
    const grace = { email: 'grace@mail.example', password: 'another few words' }
    expect((await ask('POST', '/sign-up', { body: grace })).status).toBe(201)
    expect((await ask('POST', '/sign-up', { body: grace })).text).toContain('"conflict"')
    const weak = await ask('POST', '/sign-up', { body: { email: 'new@mail.example', password: 'password' } })
    expect(weak.text).toContain('"password_rejected"')
    const wrong = await ask('POST', '/sign-in', { body: { ...grace, password: 'something else' } })
    const nobody = await ask('POST', '/sign-in', { body: { ...grace, email: 'nobody@mail.example' } })
    expect(wrong.text).toContain('"invalid_credentials"')
    expect(nobody).toEqual(wrong)
    expect((await ask('POST', '/sign-in', { body: { email: 'no address', password: 'x' } })).status).toBe(400)
    expect((await ask('POST', '/sign-in')).status).toBe(400)
  })
})

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function firstBlock(page: string): string {
  return snippetsOf(page)[0]?.code ?? ''
}

function newFolder(): string {
  mkdirSync(home, { recursive: true })
  return mkdtempSync(join(home, 'quickstart-'))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
