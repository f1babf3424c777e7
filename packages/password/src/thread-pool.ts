/** The size of libuv's thread pool, which hashing, WebCrypto and file access share. */

/** Threads that libuv starts where its variable does not say otherwise. */
export const defaultPoolSize = 4

/** The threads of this process's pool. libuv reads the variable itself, and tells the size of its pool nowhere. */
export function threadPoolSize(configured: string | undefined = process.env['UV_THREADPOOL_SIZE']): number {
  return configured === undefined ? defaultPoolSize : Math.max(1, Number.parseInt(configured, 10) || 1)
}
