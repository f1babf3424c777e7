/** The behaviour of the reference app, as a suite over real HTTP for any framework. */
export { canaries, createStarter } from './app-process.ts'
export type { AppCommand, AppProcess, AppStarter } from './app-process.ts'
export { newEmail, newPassword, openBrowser, signInElsewhere, signUp } from './browser.ts'
export type { Answer, Browser, Person } from './browser.ts'
export { describeReferenceApp } from './describe-reference-app.ts'
export type { AppStorage, BreakableStorage, StorageSettings } from './app-storage.ts'
export { openServerStorage } from './server-storage.ts'
export { describeReferenceAppOn, type OpenedStorage } from './describe-storage.ts'
