import { expect, test } from 'vitest'
import { tokenApp } from './fixtures/token-app.js'
import { verifyJws } from './raw-doors.js'

test('verifyJws hands out a header that nobody can change for the next token', async () => {
  const { tokens, keys } = tokenApp()
  const opened = await verifyJws((await tokens.issue({ clientId: 'c' })).access_token, keys, { algorithms: ['ES256'] })
  expect(() => Object.assign(opened?.header ?? {}, { typ: 'changed' })).toThrow(TypeError)
  const next = await verifyJws((await tokens.issue({ clientId: 'c' })).access_token, keys, { algorithms: ['ES256'] })
  expect(next?.header.typ).toBe('at+jwt')
})
