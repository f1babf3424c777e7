/** Counts what a vitest run did, from its JSON report. */

/** How many tests there were, by outcome. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * The counts of a report in vitest's JSON form. A suite that could not be loaded counts as one failure, as its tests
 * are not in the report; whatever neither passed nor failed counts as skipped.
 */
export function countReport(text: string): Counts {
  const report: unknown = JSON.parse(text)
  const suites = list(field(report, 'testResults'))
  const outcomes = suites.flatMap((suite) =>
    list(field(suite, 'assertionResults')).map((test) => field(test, 'status')),
  )
  const passed = outcomes.filter((status) => status === 'passed').length
  const failed = outcomes.filter((status) => status === 'failed').length
  const unloaded = suites.filter(isFailedWithoutFailedTest).length
  return { passed, failed: failed + unloaded, skipped: outcomes.length - passed - failed }
}

/** The closing line: `N passed, N failed, N skipped`. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/** A suite that failed on loading, or in a hook, names no failed test. */
function isFailedWithoutFailedTest(suite: unknown): boolean {
  const tests = list(field(suite, 'assertionResults'))
  return field(suite, 'status') === 'failed' && !tests.some((test) => field(test, 'status') === 'failed')
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
