import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nextSteps, oldestNode } from './next-steps.js'

const folder = mkdtempSync(join(tmpdir(), 'create-'))
const here = fileURLToPath(new URL('..', import.meta.url))

function create(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(here, 'dist/cli.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

function read(path: string): string {
  return readFileSync(join(folder, path), 'utf8')
}

beforeAll(() => {
  spawnSync(process.execPath, ['scripts/collect-templates.ts'], { cwd: here, stdio: 'inherit' })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('npm create @tessera-auth', () => {
  test.each(['express', 'fastify', 'next'])('writes a %s app that names nothing of the workspace', (framework) => {
    expect(create(framework, '--framework', framework).status).toBe(0)
    const paths = readdirSync(join(folder, framework), { recursive: true, encoding: 'utf8' })
    expect(paths).toContain('src/server.ts')
    expect(paths.filter((path) => /\.test\.|node_modules|\.next\/|\.data/.test(path))).toEqual([])
    const manifest = JSON.parse(read(`${framework}/package.json`))
    const versions: string[] = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter((version) => version.startsWith('workspace:'))).toEqual([])
    expect(manifest.name).toBe(framework)
  })

  test('makes secrets of its own for every app, for its owner only, outside version control', () => {
    create('one', '--framework', 'express')
    create('other', '--framework', 'express')
    const secrets = ['one', 'other'].map((name) => /APP_SECRETS=(.+)/.exec(read(`${name}/.env`))?.[1] ?? '')
    expect(secrets[0]).toMatch(/^[\w-]{43}$/)
    expect(secrets[0]).not.toBe(secrets[1])
    expect(statSync(join(folder, 'one/.env')).mode & 0o777).toBe(0o600)
    expect(read('one/.gitignore').split('\n')).toContain('.env')
  })

  test('says what to run next', () => {
    expect(create('told', '--framework', 'next').stdout).toContain('npm run build')
  })

  test.each(['My App', "it's $HOME", 'b;c'])('says it so that a shell takes %j for one folder', (name) => {
    const [line = ''] = /^ {2}cd .*$/m.exec(create(name, '--framework', 'express').stdout) ?? []
    const { stdout } = spawnSync('sh', ['-c', `${line} && pwd -P`], { cwd: folder, encoding: 'utf8' })
    expect(stdout).toBe(`${realpathSync(join(folder, name))}\n`)
  })

  test.each([
    ['20.19.5', true],
    ['22.9.0', true],
    ['22.17.1', true],
    ['22.18.0', false],
    ['24.0.0', false],
  ])('by Node %s: says what cannot start it: %s', (nodeVersion, isTold) => {
    const steps = nextSteps({ folder: 'app', framework: 'express', nodeVersion })
    expect(steps.includes(`This is Node ${nodeVersion}, which cannot start it`)).toBe(isTold)
    expect(steps).toContain('npm start')
  })

  test('says it of the Node that runs it, in the words of the starter', () => {
    const { stdout } = create('here', '--framework', 'express')
    const { engines } = JSON.parse(read('here/package.json'))
    expect(engines).toEqual({ node: `>=${oldestNode}` })
    expect(read('here/README.md')).toContain(`Node ${oldestNode} or newer`)
    expect(stdout).toBe(nextSteps({ folder: 'here', framework: 'express', nodeVersion: process.versions.node }))
  })

  test('puts the database, Redis and the provider into the settings', () => {
    create('set', '--framework', 'express', '--database', 'postgres', '--redis', '--issuer', 'https://idp.example')
    expect(read('set/.env')).toMatch(/^DATABASE_URL=postgres:.*\nREDIS_URL=redis:/m)
    expect(read('set/.env')).toContain('IDP_ISSUER=https://idp.example')
    // A setting that is there and empty is refused when the starter starts.
    expect(read('set/.env')).not.toMatch(/^[^#].*=$/m)
  })

  test.each([
    ['--framework', 'koa'],
    ['--database', 'oracle'],
    ['--nonsense', 'x'],
  ])('refuses %s %s in one sentence, and writes nothing', (option, value) => {
    const { status, stderr } = create('refused', option, value)
    expect([status, stderr.trim().split('\n').length]).toEqual([1, 1])
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })

  test.each([
    ['pn', '--', '--framework', 'next'],
    ['--', 'pn', '--framework', 'next'],
  ])('takes a -- that was handed on for none of its own: %s %s %s %s', (...args) => {
    rmSync(join(folder, 'pn'), { recursive: true, force: true })
    expect(create(...args)).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(read('pn/package.json')).dependencies).toHaveProperty('next')
    expect(existsSync(join(folder, '--'))).toBe(false)
  })

  test('refuses more than a folder in one sentence, and writes nothing', () => {
    const { status, stderr } = create('pp', 'next')
    expect([status, stderr.trim().split('\n').length]).toEqual([1, 1])
    expect(stderr).toContain('Expected one folder, received pp next')
    expect(existsSync(join(folder, 'pp'))).toBe(false)
  })

  test('leaves a folder alone that is not empty', () => {
    create('full', '--framework', 'express')
    writeFileSync(join(folder, 'full/mine.txt'), 'mine')
    const before = read('full/.env')
    expect(create('full', '--framework', 'fastify').status).toBe(1)
    expect(read('full/.env')).toBe(before)
  })
})
