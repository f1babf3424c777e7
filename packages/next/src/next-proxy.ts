/** What a proxy changes of the request that goes on: Next is told so by headers of the answer. */
import type { NextRequest } from 'next/server.js'

const overridden = 'x-middleware-override-headers'
const requestHeader = 'x-middleware-request-'

/** A request that goes on has the cookies that the browser will have after this answer, beside what the handler changed of it. */
export function goOn(request: NextRequest, answer: Response, lines: readonly string[]): Response {
  const { headers } = answer
  const goesOn = headers.has('x-middleware-next') || headers.has('x-middleware-rewrite')
  if (!goesOn || lines.length === 0) return answer
  // A list of nothing is none to Next. With one, whatever is not on it is taken out of the request.
  const listed = headers.get(overridden)
  if (!listed) for (const [name, value] of request.headers) headers.set(requestHeader + name, value)
  const names = new Set(listed ? listed.split(',') : request.headers.keys())
  headers.set(overridden, [...names.add('cookie')].join(','))
  headers.set(`${requestHeader}cookie`, cookiesAfter(headers.get(`${requestHeader}cookie`) ?? '', lines))
  return answer
}

function cookiesAfter(header: string, lines: readonly string[]): string {
  const names = lines.map(nameOf)
  const kept = header.split(/;\s*/).filter((pair) => !names.includes(nameOf(pair)))
  const set = lines.filter((line) => !line.includes('; Max-Age=0;')).map((line) => line.split(';', 1)[0] ?? '')
  return [...kept, ...set].filter((pair) => pair !== '').join('; ')
}

function nameOf(pair: string): string {
  return pair.slice(0, Math.max(pair.indexOf('='), 0)).trim()
}
