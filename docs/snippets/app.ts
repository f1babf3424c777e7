/** The app of getting-started.md, for pages that add to it. */
import type { Express } from 'express'
import type { Authenticator, Sessions } from '@tessera-auth/core'
import type { ExpressAdapter } from '@tessera-auth/express'
import type { Passwords } from '@tessera-auth/password'

export declare const app: Express
export declare const sessions: Sessions
export declare const passwords: Passwords
export declare const authenticator: Authenticator
export declare const middleware: ExpressAdapter['middleware']
export declare const errorHandler: ExpressAdapter['errorHandler']
export declare const getAuth: ExpressAdapter['getAuth']
