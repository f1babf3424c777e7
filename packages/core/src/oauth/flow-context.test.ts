import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { createFlowContext } from './flow-context.js'
import { google } from './providers/google.js'

const secrets = ['a secret for tests only, which has 32 characters or more']
const options = {
  secrets,
  origin: 'https://app.example',
  redirectPath: '/callback',
  provider: google({ clientId: 'app' }),
}

describe('createFlowContext', () => {
  // 'yes' for dpop made tokens that are bound to nothing.
  test.each(['dpop', 'pushedRequest'])('%s is true, false or not named', (name) => {
    for (const value of ['yes', 'false', 1, null]) {
      const made = (): unknown => createFlowContext({ ...options, [name]: value })
      expect(made).toThrow(ConfigError)
      expect(made).toThrow(`${name}: expected true or false`)
    }
    for (const value of [true, false, undefined]) {
      expect(createFlowContext({ ...options, [name]: value })).toMatchObject({ [name]: value ?? false })
    }
  })

  test('an event handler that is none is a ConfigError', () => {
    const onEvent: unknown = 'log'
    expect(() => createFlowContext({ ...options, ...({ onEvent } as object) })).toThrow(/^onEvent: expected/)
  })
})
