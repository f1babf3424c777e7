/** The app of the first quickstart, for pages that add to it. */
import type { Express } from 'express'
import type { Authenticator, Sessions } from '@tessera-auth/core'
import type { ExpressAdapter } from '@tessera-auth/express'
import type { Passwords } from '@tessera-auth/password'
import type { SqlStore } from '@tessera-auth/store-sql'

export declare const app: Express
export declare const store: SqlStore
export declare const sessions: Sessions
export declare const passwords: Passwords
export declare const authenticator: Authenticator
export declare const getAuth: ExpressAdapter['getAuth']
