/** HTML as a template tag that escapes what is put into it. */

/** Markup that is safe as it is. */
export interface Html {
  readonly markup: string
}

type Part = Html | string | number | false | null | readonly Html[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Texts are escaped, markup and lists of it are not; `null` and `false` are nothing. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return {
    markup: strings.map((text, index) => text + (index < parts.length ? write(parts[index] ?? null) : '')).join(''),
  }
}

function write(part: Part): string {
  if (part === null || part === false) return ''
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return part.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
  return 'markup' in part ? part.markup : part.map(write).join('')
}
