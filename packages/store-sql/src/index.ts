/** `@tessera-auth/store-sql`: SQLite, PostgreSQL and MySQL/MariaDB as stores. */
export { sqliteStore } from './sqlite-store.js'
export type { SqliteDatabase, SqliteStatement } from './sqlite-store.js'
export type { SqlStore, SqlStoreOptions, SqlValue } from './sql-store.js'
