/** What a visitor would rather have: a page, or JSON (RFC 9110 §12.5.1). */

interface Preference {
  readonly quality: number
  /** 2 for the type itself, 1 for all of its kind, 0 for anything. */
  readonly exactness: number
  readonly place: number
}

/** Whether an `Accept` header asks for pages before JSON. Who has no preference gets JSON. */
export function prefersHtml(accept: string): boolean {
  const [html, json] = [preferenceFor('text/html', accept), preferenceFor('application/json', accept)]
  if (html.quality === 0 || html.quality !== json.quality) return html.quality > json.quality
  if (html.exactness !== json.exactness) return html.exactness > json.exactness
  return html.place < json.place
}

/** The range of the header that fits the type best. */
function preferenceFor(type: string, accept: string): Preference {
  const ranges = ['*/*', `${type.split('/', 1)[0]}/*`, type]
  const none = { quality: 0, exactness: -1, place: 0 }
  return accept
    .toLowerCase()
    .split(',')
    .map((text, place) => {
      const [range = '', ...parameters] = text.split(';').map((part) => part.trim())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return { quality: Number(weight ?? 1) || 0, exactness: ranges.indexOf(range), place }
    })
    .filter(({ exactness }) => exactness >= 0)
    .reduce<Preference>((best, one) => (one.exactness > best.exactness ? one : best), none)
}
