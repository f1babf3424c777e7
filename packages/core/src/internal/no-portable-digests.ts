/** Stands in for `portable-digests` where the runtime has its own: nothing more is loaded. */

/** Never called: the runtime has node:crypto. */
export function portableSha256(_input: Uint8Array): Uint8Array {
  throw new Error('This runtime was expected to have node:crypto.')
}

/** Never called: the runtime has node:crypto. */
export function portableHmacSha256(_key: Uint8Array, _input: Uint8Array): Uint8Array {
  throw new Error('This runtime was expected to have node:crypto.')
}
