/** `@tessera-auth/testing`: the contracts as suites, and a clock for the tests of an app. */
export { describeStore } from './describe-store.js'
export type { OpenStore } from './describe-store.js'
export { testPlatform } from './test-platform.js'
export type { TestPlatform, TestPlatformOptions } from './test-platform.js'
export { describeAdapter } from './describe-adapter.js'
export type { AdapterAnswer, AdapterRoute, StartedAdapter } from './describe-adapter.js'
export { loginAs } from './login-as.js'
export type { TestLogin } from './login-as.js'
