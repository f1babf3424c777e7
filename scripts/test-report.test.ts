/** The closing line of `pnpm test` is counted, not guessed. */
import { describe, expect, it } from 'vitest'
import { closingLine, countReport } from './test-report.ts'

const suite = (status: string, ...tests: string[]): object => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
})
const count = (...suites: object[]): string => closingLine(countReport(JSON.stringify({ testResults: suites })))

describe('countReport', () => {
  it('adds up the outcomes of all suites', () => {
    expect(count(suite('passed', 'passed', 'passed'), suite('failed', 'passed', 'failed'))).toBe(
      '3 passed, 1 failed, 0 skipped',
    )
  })

  it('counts a suite that could not be loaded as a failure', () => {
    expect(count(suite('passed', 'passed'), suite('failed'))).toBe('1 passed, 1 failed, 0 skipped')
  })

  it('counts a suite whose hook failed as a failure', () => {
    expect(count(suite('failed', 'passed', 'skipped'))).toBe('1 passed, 1 failed, 1 skipped')
  })

  it('counts skipped, pending and todo tests as skipped', () => {
    expect(count(suite('passed', 'skipped', 'pending', 'todo'))).toBe('0 passed, 0 failed, 3 skipped')
  })

  it('finds no test in a report of another shape', () => {
    expect(closingLine(countReport('{"tests":[1,2]}'))).toBe('0 passed, 0 failed, 0 skipped')
  })

  it('refuses a report that was cut off', () => {
    expect(() => countReport('{"testResults":[')).toThrow(SyntaxError)
  })
})
