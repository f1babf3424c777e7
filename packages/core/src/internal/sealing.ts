/** Sealing: a text that only holders of the app's secrets can read or make (JWE compact, `dir`, A256GCM; RFC 7516). */
import { CompactEncrypt } from 'jose/jwe/compact/encrypt'
import { compactDecrypt } from 'jose/jwe/compact/decrypt'
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import type { Platform } from '../platform.js'
import { type DerivedKey, deriveKeys } from './secrets.js'

/** What was opened. */
export interface Opened {
  readonly plaintext: string
  /** Whether today's first secret sealed it; if not, seal it again when it is next written. */
  readonly current: boolean
}

/** Seals and opens the texts of one purpose. */
export interface Sealer {
  /** A compact JWE whose `kid` is the id of the secret in use. */
  seal(plaintext: string): Promise<string>
  /** `null` for anything that was not sealed for this purpose with a known secret. */
  open(sealed: unknown): Promise<Opened | null>
}

/** Makes the sealer of one purpose; what was sealed for another does not open. Keys are imported once. */
export function createSealer(platform: Platform, secrets: readonly string[], purpose: string): Sealer {
  const keys = deriveKeys(platform, secrets, purpose)
  const imported = new Map<string, Promise<CryptoKey>>()

  function cryptoKey({ id, key }: DerivedKey): Promise<CryptoKey> {
    const known = imported.get(id)
    if (known) return known
    const fresh = crypto.subtle.importKey('raw', Uint8Array.from(key), 'AES-GCM', false, ['encrypt', 'decrypt'])
    imported.set(id, fresh)
    return fresh
  }

  return {
    async seal(plaintext) {
      const [current] = keys
      return new CompactEncrypt(new TextEncoder().encode(plaintext))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: current.id })
        .encrypt(await cryptoKey(current))
    },
    async open(sealed) {
      const found = typeof sealed === 'string' ? keys.find(({ id }) => id === kidOf(sealed)) : undefined
      if (!found) return null
      try {
        const { plaintext } = await compactDecrypt(sealed as string, await cryptoKey(found), {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        })
        return { plaintext: new TextDecoder('utf-8', { fatal: true }).decode(plaintext), current: found === keys[0] }
      } catch {
        return null
      }
    },
  }
}

function kidOf(sealed: string): unknown {
  try {
    return decodeProtectedHeader(sealed).kid
  } catch {
    return null
  }
}
