/** The app's own user table, as the pages of the guide take it for granted. */

export interface User {
  readonly id: string
  readonly email: string
  readonly emailVerified: boolean
  readonly passwordHash: string
}

export declare const users: {
  create(user: { email: string | null; passwordHash?: string }): Promise<User>
  idByEmail(email: string): Promise<string | null>
  byEmail(email: string): Promise<User | null>
  byId(id: string): Promise<User>
  setHash(user: User, passwordHash: string): Promise<void>
}

export declare function parseCredentials(body: unknown): { email: string; password: string }
