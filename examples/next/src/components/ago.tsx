/** How long ago something was. Times are epoch seconds. */
export function Ago({ at, now }: { at: number; now: number }) {
  return <time dateTime={new Date(at * 1000).toISOString()}>{agoText(at, now)}</time>
}

/** The same as text. */
export function agoText(at: number, now: number): string {
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  const age = Math.max(0, now - at)
  if (age < 60) return 'just now'
  if (age < 3600) return words.format(-Math.floor(age / 60), 'minute')
  if (age < 86_400) return words.format(-Math.floor(age / 3600), 'hour')
  return words.format(-Math.floor(age / 86_400), 'day')
}
