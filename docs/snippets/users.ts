// users.ts: the app's own table, and its own check of a body
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { AuthError } from '@tessera-auth/core'

export interface User {
  readonly id: string
  readonly email: string | null // null: came by a provider that tells none
  readonly emailVerified: boolean
  readonly passwordHash: string | null // null: has no password
}
interface NewUser {
  readonly email: string | null
  readonly emailVerified?: boolean
  readonly passwordHash?: string
}

const database = new DatabaseSync('app.db')
database.exec(`
  pragma busy_timeout = 5000;
  create table if not exists users (
    id text primary key, email text unique, email_verified integer not null, password_hash text
  )`)

export const users = {
  async create({ email, emailVerified = false, passwordHash }: NewUser): Promise<User> {
    const user = {
      id: randomUUID(),
      email: email && emailKey(email),
      emailVerified,
      passwordHash: passwordHash ?? null,
    }
    const { changes } = database
      .prepare('insert into users values (?, ?, ?, ?) on conflict do nothing')
      .run(user.id, user.email, emailVerified ? 1 : 0, user.passwordHash)
    if (Number(changes) === 0) throw new AuthError('conflict') // 409: somebody has this address
    return user
  },
  async byEmail(email: string): Promise<User | null> {
    return toUser(database.prepare('select * from users where email = ?').get(emailKey(email)))
  },
  async idByEmail(email: string): Promise<string | null> {
    return (await users.byEmail(email))?.id ?? null
  },
  async byId(id: string): Promise<User> {
    const user = toUser(database.prepare('select * from users where id = ?').get(id))
    if (!user) throw new AuthError('not_found')
    return user
  },
  /** `false`: it is another address meanwhile. */
  async verifyEmail(id: string, email: string): Promise<boolean> {
    const { changes } = database
      .prepare('update users set email_verified = 1 where id = ? and email = ?')
      .run(id, emailKey(email))
    return Number(changes) === 1
  },
  /** In the place of the hash that was read; `false`: another one is there meanwhile. */
  async setHash(user: User, passwordHash: string): Promise<boolean> {
    const { changes } = database
      .prepare('update users set password_hash = ? where id = ? and password_hash is ?')
      .run(passwordHash, user.id, user.passwordHash)
    return Number(changes) === 1
  },
}

export function parseCredentials(body: unknown): { email: string; password: string } {
  const { email, password } = (body ?? {}) as Record<string, unknown>
  const isAddress = typeof email === 'string' && email.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(email)
  if (!isAddress || typeof password !== 'string') throw new AuthError('invalid_request')
  return { email, password }
}

function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}

function toUser(row: Record<string, unknown> | undefined): User | null {
  if (!row) return null
  const { id, email, email_verified, password_hash } = row as Record<string, string | null>
  return {
    id: String(id),
    email: email ?? null,
    emailVerified: Boolean(email_verified),
    passwordHash: password_hash ?? null,
  }
}
