/** Who may import whom (ARCHITECTURE.md): every arrow that points the other way is a problem. */
import { dirname, join, normalize } from 'node:path'
import type { Manifest } from '../workspace.ts'
import { importsOf, type Import, type SourceFile } from './source-file.ts'

/** Inside core: what each part may import besides itself. The first matching part of a path decides. */
const base = ['internal', 'platform', 'errors', 'events', 'json-web-key']
const middle = [...base, 'store', 'cookie', 'shared']
const arrows: Readonly<Record<string, readonly string[]>> = {
  internal: base,
  platform: base,
  errors: base,
  events: base,
  'json-web-key': base,
  store: base,
  cookie: base,
  shared: [...base, 'store'],
  session: middle,
  token: middle,
  oauth: middle,
  http: [...middle, 'session', 'token', 'oauth'],
  index: [...middle, 'session', 'token', 'oauth', 'http'],
}

const scope = '@tessera-auth/'
const core = '@tessera-auth/core'

/** The problems of one file of packages/, examples/ or bench/. `manifests`: those of packages/, by folder name. */
export function importProblems(file: SourceFile, manifests: ReadonlyMap<string, Manifest>): string[] {
  const isTest = /\.test\.tsx?$|\/fixtures\//.test(file.path)
  return importsOf(file).flatMap((one) => {
    const reason = judge(file.path, one, { isTest, manifests })
    return reason === null ? [] : [`${file.path}:${one.line} imports ${one.specifier}: ${reason}`]
  })
}

interface Context {
  readonly isTest: boolean
  readonly manifests: ReadonlyMap<string, Manifest>
}

function judge(path: string, one: Import, context: Context): string | null {
  const home = path
    .split('/')
    .slice(0, path.startsWith('bench/') ? 1 : 2)
    .join('/')
  if (one.specifier.startsWith('.')) {
    const target = normalize(join(dirname(path), one.specifier))
    if (home === 'bench' && target.includes('/fixtures/')) return null // a measurement may share a test's material
    if (!target.startsWith(`${home}/`)) return `a relative path leaves ${home}; use the published name`
    return home === 'packages/core' && !context.isTest ? judgeInsideCore(path, target) : null
  }
  if (!path.startsWith('packages/')) return judgePublished(one, context.manifests)
  if (context.isTest) return null
  return judgePackage(path.split('/')[1] ?? '', one, context.manifests)
}

function judgeInsideCore(from: string, to: string): string | null {
  const [part, target] = [partOf(from), partOf(to)]
  if (part === target) return null
  const allowed = arrows[part]
  if (!allowed) return `${part} has no place in the arrows of scripts/checks/import-direction.ts`
  return allowed.includes(target) ? null : `${part} may import only ${allowed.join(', ')}`
}

/** 'packages/core/src/session/policy.ts' and '…/session/policy.js' are both of the part 'session'. */
function partOf(path: string): string {
  return (path.split('/')[3] ?? '').replace(/\.[jt]sx?$/, '')
}

/** Examples and bench know only what a user of the packages knows. */
function judgePublished(one: Import, manifests: ReadonlyMap<string, Manifest>): string | null {
  if (!one.specifier.startsWith(scope)) return null
  const [name = '', ...rest] = one.specifier.slice(scope.length).split('/')
  const manifest = manifests.get(name)
  if (!manifest) return null
  const entry = rest.length === 0 ? '.' : `./${rest.join('/')}`
  return manifest.exports?.[entry] ? null : 'that is not a published entry'
}

function judgePackage(name: string, one: Import, manifests: ReadonlyMap<string, Manifest>): string | null {
  if (name === 'core') {
    if (one.specifier.startsWith('node:') && !one.typeOnly) return 'core runs on every web-standard runtime'
    return one.specifier.startsWith(scope) ? 'core imports no other package of this workspace' : null
  }
  if (!one.specifier.startsWith(scope)) return null
  const [target = ''] = one.specifier.slice(scope.length).split('/')
  if (isAdapter(manifests.get(target))) return 'nothing imports an adapter'
  if (isAdapter(manifests.get(name))) {
    return one.specifier === `${core}/http` ? null : `an adapter imports only ${core}/http`
  }
  return name.startsWith('store-') ? judgeStore(one) : null
}

function judgeStore(one: Import): string | null {
  const fromCore = one.specifier === core || one.specifier === `${core}/store`
  const onlyErrors = one.names.length > 0 && one.names.every((name) => name === 'StoreError' || name === 'ConfigError')
  if (fromCore && (one.typeOnly || onlyErrors)) return null
  const onlyPlatform = one.names.length === 1 && one.names[0] === 'systemPlatform'
  if (one.specifier === `${core}/http` && onlyPlatform) return null
  return 'a store takes only types, error classes and systemPlatform from core'
}

/** An adapter is what stands on a framework: it has one as a peer. */
function isAdapter(manifest: Manifest | undefined): boolean {
  const peers = Object.keys(manifest?.peerDependencies ?? {})
  return peers.some((peer) => !peer.startsWith(scope) && peer !== 'vitest')
}
