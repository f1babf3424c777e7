import { describe, expect, test } from 'vitest'
import { ConfigError } from '../errors.js'
import { createCibaFlow } from './ciba-flow.js'
import { createClientCredentials } from './client-credentials.js'
import { createDeviceFlow } from './device-flow.js'
import { google } from './providers/google.js'
import { createTokenExchange } from './token-exchange.js'

const factories = { createCibaFlow, createClientCredentials, createDeviceFlow, createTokenExchange }
const provider = google({ clientId: 'app' })

describe.each(Object.entries(factories))('%s', (_name, create) => {
  const wrong: [string, object, RegExp][] = [
    ['a resource that is no URI', { resource: 'no uri' }, /^resource: expected/],
    ['a resource that is a path', { resource: '/orders' }, /^resource: expected/],
    ['a resource with a fragment', { resource: 'https://api.example#orders' }, /^resource: expected/],
    ['a resource with a space before it', { resource: ' https://api.example' }, /^resource: expected/],
    ['an empty resource', { resource: '' }, /^resource: expected/],
    ['a number as a resource', { resource: 5 }, /^resource: expected/],
    ['scopes with two spaces between them', { scope: 'a  b' }, /^scope: expected/],
    ['an event handler that is none', { onEvent: 'log' }, /^onEvent: expected/],
  ]
  test.each(wrong)('%s is a ConfigError', (_rule, options, message) => {
    const made = (): unknown => create({ provider, ...options })
    expect(made).toThrow(ConfigError)
    expect(made).toThrow(message)
  })

  test.each(['https://api.example', 'https://api.example/orders?region=eu', 'urn:example:orders'])(
    '%s is a resource (RFC 8707 §2)',
    (resource) => {
      expect(() => create({ provider, resource })).not.toThrow()
    },
  )
})
