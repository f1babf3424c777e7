import { describe, expect, test } from 'vitest'
import { readConfig, SettingError } from './config.ts'

const secret = 'a secret of thirty-two characters or more'

describe('readConfig', () => {
  test('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({
      port: 3000,
      origin: 'http://localhost:3000',
      database: { engine: 'sqlite', location: expect.stringMatching(/\.data\/app\.db$/) },
      redisUrl: null,
      secrets: null,
      pepper: null,
      trustProxy: [],
      identityProvider: { issuer: null, port: 3001 },
      introspection: null,
      idleTimeoutSeconds: 604_800,
      absoluteTimeoutSeconds: 2_592_000,
      touchIntervalSeconds: 3600,
      accessTokenSeconds: 300,
      refreshRetryWindowSeconds: 10,
      clockSkewSeconds: 5,
      maxStalenessSeconds: 10,
      recentAuthSeconds: 600,
    })
  })

  test.each([
    [{ PORT: '80' }, { origin: 'http://localhost' }],
    [{ PORT: '65535' }, { identityProvider: { port: 65_534 } }],
    [{ ORIGIN: 'https://App.Example', APP_SECRETS: secret }, { origin: 'https://app.example' }],
    [{ ORIGIN: 'http://app.localhost:8080' }, { origin: 'http://app.localhost:8080' }],
    [{ ORIGIN: 'http://[::1]:3000' }, { origin: 'http://[::1]:3000' }],
    [{ APP_SECRETS: `${secret}, ${secret}2` }, { secrets: [secret, `${secret}2`] }],
    [{ TRUST_PROXY: 'loopback, 10.0.0.0/8, ::1' }, { trustProxy: ['loopback', '10.0.0.0/8', '::1'] }],
    [{ REDIS_URL: 'rediss://u:p@redis/3' }, { redisUrl: 'rediss://u:p@redis/3' }],
    [{ DATABASE_URL: 'sqlite::memory:' }, { database: { engine: 'sqlite', location: ':memory:' } }],
    [{ DATABASE_URL: 'postgres://u:p@db/app' }, { database: { engine: 'postgres' } }],
    [{ DATABASE_URL: 'mysql://u:p@db/app' }, { database: { engine: 'mysql' } }],
    [{ IDLE_TIMEOUT_SECONDS: '5' }, { idleTimeoutSeconds: 5, touchIntervalSeconds: 0 }],
    [{ REFRESH_RETRY_WINDOW_SECONDS: '0', CLOCK_SKEW_SECONDS: '0' }, { refreshRetryWindowSeconds: 0 }],
    [
      { IDP_ISSUER: 'https://id.example/', IDP_CLIENT_ID: 'app' },
      { identityProvider: { issuer: 'https://id.example/' } },
    ],
    [{ INTROSPECTION_CLIENT: 'a', INTROSPECTION_SECRET: 'b' }, { introspection: { client: 'a', secret: 'b' } }],
  ])('takes %o', (env, expected) => {
    expect(readConfig(env)).toMatchObject(expected)
  })

  test.each<[string, Record<string, string>]>([
    ['PORT', { PORT: '' }],
    ['PORT', { PORT: '0' }],
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: '3e3' }],
    ['PORT', { PORT: ' 3000' }],
    ['ORIGIN', { ORIGIN: '' }],
    ['ORIGIN', { ORIGIN: 'app.example' }],
    ['ORIGIN', { ORIGIN: 'http://app.example' }],
    ['ORIGIN', { ORIGIN: 'http://localhost.evil.example' }],
    ['ORIGIN', { ORIGIN: 'https://app.example/path' }],
    ['ORIGIN', { ORIGIN: 'https://app.example?x' }],
    ['ORIGIN', { ORIGIN: 'https://canary@app.example' }],
    ['ORIGIN', { ORIGIN: 'null' }],
    ['ORIGIN', { ORIGIN: ' https://app.example' }],
    ['ORIGIN', { ORIGIN: 'https:app.example' }],
    ['ORIGIN', { ORIGIN: 'https://app.example\\' }],
    ['ORIGIN', { ORIGIN: 'https://app.example?' }],
    ['ORIGIN', { ORIGIN: 'https://*.example' }],
    ['ORIGIN', { ORIGIN: 'https://a.example,b.example' }],
    ['APP_SECRETS', { APP_SECRETS: '' }],
    ['APP_SECRETS', { APP_SECRETS: 'canary' }],
    ['APP_SECRETS', { APP_SECRETS: `${secret},canary` }],
    ['APP_SECRETS', { APP_SECRETS: `${secret},` }],
    ['APP_SECRETS', { APP_SECRETS: `${secret},${secret}` }],
    ['APP_SECRETS', { ORIGIN: 'https://app.example' }],
    ['DATABASE_URL', { DATABASE_URL: '' }],
    ['DATABASE_URL', { DATABASE_URL: 'sqlite:' }],
    ['DATABASE_URL', { DATABASE_URL: 'mongodb://u:canary@localhost/x' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres:canary' }],
    ['DATABASE_URL', { DATABASE_URL: ' postgres://u:canary@localhost/x' }],
    ['REDIS_URL', { REDIS_URL: 'localhost:6379' }],
    ['REDIS_URL', { REDIS_URL: ' redis://:canary@localhost' }],
    ['REDIS_URL', { REDIS_URL: 'redis://:canary@localhost/abc' }],
    ['REDIS_URL', { REDIS_URL: 'redis://:canary@localhost/-1' }],
    ['REDIS_URL', { REDIS_URL: 'http://:canary@localhost' }],
    ['TRUST_PROXY', { TRUST_PROXY: 'everybody' }],
    ['TRUST_PROXY', { TRUST_PROXY: '10.0.0.0/33' }],
    ['PASSWORD_PEPPER', { PASSWORD_PEPPER: 'canary' }],
    ['IDP_ISSUER', { IDP_ISSUER: 'http://id.example', IDP_CLIENT_ID: 'app' }],
    ['IDP_ISSUER', { IDP_ISSUER: 'canary', IDP_CLIENT_ID: 'app' }],
    ['IDP_ISSUER', { IDP_ISSUER: ' https://id.example', IDP_CLIENT_ID: 'app' }],
    ['IDP_ISSUER', { IDP_ISSUER: 'https://id.example?', IDP_CLIENT_ID: 'app' }],
    ['IDP_ISSUER', { IDP_ISSUER: 'https://id.example#', IDP_CLIENT_ID: 'app' }],
    ['IDP_ISSUER', { IDP_ISSUER: 'http://:canary@localhost:9', IDP_CLIENT_ID: 'app' }],
    ['IDP_CLIENT_ID', { IDP_ISSUER: 'https://id.example' }],
    ['IDP_CLIENT_ID', { IDP_CLIENT_ID: '' }],
    ['IDP_CLIENT_SECRET', { IDP_CLIENT_SECRET: 'canary canary' }],
    ['IDP_PORT', { IDP_PORT: '3000' }],
    ['IDP_PORT', { IDP_ISSUER: 'https://id.example', IDP_CLIENT_ID: 'app', IDP_PORT: 'x' }],
    ['INTROSPECTION_SECRET', { INTROSPECTION_CLIENT: 'monitor' }],
    ['INTROSPECTION_CLIENT', { INTROSPECTION_SECRET: 'canary' }],
    ['IDLE_TIMEOUT_SECONDS', { IDLE_TIMEOUT_SECONDS: '0' }],
    ['ABSOLUTE_TIMEOUT_SECONDS', { ABSOLUTE_TIMEOUT_SECONDS: '1.5' }],
    ['TOUCH_INTERVAL_SECONDS', { TOUCH_INTERVAL_SECONDS: '60', IDLE_TIMEOUT_SECONDS: '60' }],
    ['ACCESS_TOKEN_SECONDS', { ACCESS_TOKEN_SECONDS: '-1' }],
    ['REFRESH_RETRY_WINDOW_SECONDS', { REFRESH_RETRY_WINDOW_SECONDS: '61' }],
    ['CLOCK_SKEW_SECONDS', { CLOCK_SKEW_SECONDS: 'none' }],
    ['MAX_STALENESS_SECONDS', { MAX_STALENESS_SECONDS: '99999999999' }],
    ['RECENT_AUTH_SECONDS', { RECENT_AUTH_SECONDS: '0x10' }],
  ])('refuses a bad %s in one line that names it and tells no value: %o', (variable, env) => {
    const message = messageOf(env)
    expect(message).toMatch(new RegExp(`^${variable}: expected .+$`))
    expect(message).not.toContain('canary')
  })
})

function messageOf(env: Record<string, string>): string {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof SettingError) return error.message
    throw error
  }
  return 'no error'
}
