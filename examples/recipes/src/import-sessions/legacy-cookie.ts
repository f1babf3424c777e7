/** Reading the cookies of the library that an app comes from. */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** The value of a cookie, decoded; `null` where there is none. */
export function cookieValue(header: string | undefined, name: string): string | null {
  const pair = (header ?? '').split('; ').find((one) => one.startsWith(`${name}=`))
  if (pair === undefined) return null
  try {
    return decodeURIComponent(pair.slice(name.length + 1))
  } catch {
    return null
  }
}

/** The text before the last dot, where the base64 behind it is its HMAC-SHA-256 by one of the secrets; else `null`. */
export function unsign(signed: string, secrets: readonly string[]): string | null {
  const dot = signed.lastIndexOf('.')
  if (dot < 1) return null
  const text = signed.slice(0, dot)
  const signature = Buffer.from(signed.slice(dot + 1), 'base64')
  const isRight = (secret: string): boolean => {
    const expected = createHmac('sha256', secret).update(text).digest()
    return expected.length === signature.length && timingSafeEqual(expected, signature)
  }
  return secrets.some(isRight) ? text : null
}
