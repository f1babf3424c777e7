import { expect, test } from 'vitest'
import { prefersHtml } from './accept.ts'

test.each([
  ['', false],
  ['*/*', false],
  ['text/html', true],
  ['TEXT/HTML;Q=0.9', true],
  ['text/*', true],
  ['text/html;q=0', false],
  ['text/html;q=x', false],
  ['text/html;q=0, */*', false],
  ['text/html, */*', true],
  ['text/html, application/json', true],
  ['application/json, text/html', false],
  ['application/json, text/html;q=0.5', false],
  ['application/json;q=0.1, text/html;q=0.2', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
])('Accept: %s', (accept, expected) => {
  expect(prefersHtml(accept)).toBe(expected)
})
