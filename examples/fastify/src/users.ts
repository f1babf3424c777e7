/** The app's own user table. The library never sees it. */
import { randomUUID } from 'node:crypto'
import type { Database } from './database.ts'

/** Somebody with an account. */
export interface User {
  readonly id: string
  /** As it was typed, trimmed; `null`: came by a provider that proves none. */
  readonly email: string | null
  readonly emailVerified: boolean
  /** `null`: has no password. */
  readonly passwordHash: string | null
}

/** The users. Every method may throw `StoreError`. */
export interface Users {
  /** Makes the table; harmless when it is there. */
  migrate(): Promise<void>
  byId(id: string): Promise<User | null>
  /** By an address in any case; `null` is nobody. */
  byEmail(email: string | null): Promise<User | null>
  /** `false`: the address is taken. Of any number at once exactly one succeeds. */
  create(user: User): Promise<boolean>
  /** Puts a hash in the place of the one that was seen; `false`: it has changed meanwhile. */
  replaceHash(user: User, passwordHash: string): Promise<boolean>
  /** The same for another password. From the same write on, `unended` names the user, until `ended` is told. */
  changeHash(user: User, passwordHash: string): Promise<boolean>
  /** Users whose password was changed and whose other logins may not have been ended. */
  unended(): Promise<string[]>
  ended(id: string): Promise<void>
  remove(id: string): Promise<void>
}

const longestEmail = 254
/** One `@`, a dot in the domain, and nothing invisible: more can only be known by sending a letter. */
const emailShape = /^[^\s\p{C}@]+@[^\s\p{C}@.]+(\.[^\s\p{C}@.]+)+$/u

/** A fresh user id. */
export function newUserId(): string {
  return randomUUID()
}

/** The address as it is kept; `null` for what is none. */
export function readEmail(text: string): string | null {
  const email = text.trim()
  return email.length <= longestEmail && email.isWellFormed() && emailShape.test(email) ? email : null
}

/** The address as it is compared. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}

/** The users in a database. */
export function createUsers(database: Database): Users {
  const { engine } = database
  const one = async (column: 'id' | 'email_key', value: string): Promise<User | null> => {
    const [row] = await database.rows(`select * from users where ${column} = ?`, [value])
    return row ? toUser(row) : null
  }
  return {
    async migrate() {
      // Of processes that start at once one may lose the race for the name; the table is there then.
      await database.run(schema[engine], []).catch(() => database.run(schema[engine], []))
    },
    byId: (id) => one('id', id),
    byEmail: async (email) => (email === null ? null : one('email_key', emailKey(email))),
    async create({ id, email, emailVerified, passwordHash }) {
      const columns = '(id, email, email_key, email_verified, password_hash, ending) values (?, ?, ?, ?, ?, 0)'
      const sql =
        engine === 'mysql'
          ? `insert ignore into users ${columns}`
          : `insert into users ${columns} on conflict do nothing`
      const key = email === null ? null : emailKey(email)
      return (await database.run(sql, [id, email, key, emailVerified ? 1 : 0, passwordHash])) === 1
    },
    async replaceHash({ id, passwordHash }, successor) {
      const sql = 'update users set password_hash = ? where id = ? and password_hash = ?'
      return (await database.run(sql, [successor, id, passwordHash])) === 1
    },
    async changeHash({ id, passwordHash }, successor) {
      const sql = 'update users set password_hash = ?, ending = 1 where id = ? and password_hash = ?'
      return (await database.run(sql, [successor, id, passwordHash])) === 1
    },
    async unended() {
      const rows = await database.rows('select id from users where ending = 1', [])
      return rows.map(({ id }) => String(id))
    },
    async ended(id) {
      await database.run('update users set ending = 0 where id = ?', [id])
    },
    async remove(id) {
      await database.run('delete from users where id = ?', [id])
    },
  }
}

const table = (text: string): string => `create table if not exists users (
  id ${text} not null primary key,
  email ${text},
  email_key ${text} unique,
  email_verified smallint not null,
  password_hash ${text},
  ending smallint not null
)`

const schema: Readonly<Record<Database['engine'], string>> = {
  sqlite: table('text'),
  postgres: table('text'),
  mysql: table('varchar(512) character set utf8mb4 collate utf8mb4_bin'),
}

function toUser(row: Record<string, unknown>): User {
  return {
    id: String(row['id']),
    email: row['email'] === null ? null : String(row['email']),
    emailVerified: Number(row['email_verified']) === 1,
    passwordHash: row['password_hash'] === null ? null : String(row['password_hash']),
  }
}
