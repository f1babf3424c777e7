/** The apps that README.md and Getting started show start as they stand there, and do what they say. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { snippetsOf } from './checks/docs-code.ts'
import { filesOf, type PageApp, read, startPageApp } from './page-app.ts'

const guide = 'docs/guide/getting-started.md'
const users = read('docs/snippets/users.ts')
const [first] = snippetsOf(read('README.md'))

test('Getting started shows the very users.ts that every page is compiled with', () => {
  expect(read(guide)).toContain(`\`\`\`ts\n${users}\`\`\`\n`)
})

describe.each([
  ['README.md', { 'server.ts': first?.code ?? '', 'users.ts': users }],
  [guide, filesOf(guide)],
])('the app of %s', (_page, files) => {
  let app: PageApp

  beforeAll(async () => {
    app = await startPageApp(files)
  })
  afterAll(() => app.close())

  test('signs up, says who it is, signs out, and signs in again', async () => {
    const ada = { email: 'Ada@mail.example', password: 'a few words are better' }
    const signedUp = await app.ask('POST', '/sign-up', { body: ada })
    expect(signedUp.status).toBe(201)
    const me = await app.ask('GET', '/me', { cookie: signedUp.cookie })
    expect(JSON.parse(me.text)).toMatchObject(JSON.parse(signedUp.text))
    const signedOut = await app.ask('POST', '/sign-out', { cookie: signedUp.cookie })
    expect(signedOut.status).toBe(204)
    expect((await app.ask('GET', '/me', { cookie: signedUp.cookie })).status).toBe(401)

    const signedIn = await app.ask('POST', '/sign-in', { body: { ...ada, email: 'ada@MAIL.example' } })
    expect(signedIn).toMatchObject({ status: 200, text: signedUp.text })
    expect((await app.ask('GET', '/me', { cookie: signedIn.cookie })).status).toBe(200)
  })

  test('refuses a taken address, a weak password, a wrong one, and what is no form of it', async () => {
    const grace = { email: 'grace@mail.example', password: 'another few words' }
    expect((await app.ask('POST', '/sign-up', { body: grace })).status).toBe(201)
    expect((await app.ask('POST', '/sign-up', { body: grace })).text).toContain('"conflict"')
    const weak = await app.ask('POST', '/sign-up', { body: { email: 'new@mail.example', password: 'password' } })
    expect(weak.text).toContain('"password_rejected"')
    const wrong = await app.ask('POST', '/sign-in', { body: { ...grace, password: 'something else' } })
    const nobody = await app.ask('POST', '/sign-in', { body: { ...grace, email: 'nobody@mail.example' } })
    expect(wrong.text).toContain('"invalid_credentials"')
    expect(nobody).toMatchObject({ status: wrong.status, text: wrong.text, cookie: '' })
    expect((await app.ask('POST', '/sign-in', { body: { email: 'no address', password: 'x' } })).status).toBe(400)
    expect((await app.ask('POST', '/sign-in')).status).toBe(400)
  })
})
