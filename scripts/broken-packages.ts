/** Which declarations a compiler that failed did not make. */
import type { Outcome, Package } from './workspace.ts'

/**
 * The packages whose declarations cannot be relied on. Those that the compiler's errors name, as it makes the others all
 * the same; but all of them if it was ended by a signal, or has an error that is of no package, such as an option.
 */
export function brokenPackages<Named extends Pick<Package, 'name'>>(
  { status, output }: Outcome,
  wanted: readonly Named[],
): readonly Named[] {
  if (status === 0) return []
  const isNamed = (text: string) => (one: Named) => text.includes(`packages/${one.name}/`)
  const errors = output.split('\n').filter((line) => line.includes('error TS'))
  const isToldApart = status < 128 && errors.length > 0 && errors.every((line) => wanted.some(isNamed(line)))
  return isToldApart ? wanted.filter(isNamed(output)) : wanted
}
