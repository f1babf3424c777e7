#!/usr/bin/env node
/** `npx @tessera-auth/store-sql schema --dialect postgres [--table auth_records]`: prints the SQL of `migrate()`. */
import { parseArgs } from 'node:util'
import { mysqlSchema } from './mysql-store.js'
import { postgresSchema } from './postgres-store.js'
import { tableName } from './sql-store.js'
import { sqliteSchema } from './sqlite-store.js'

const dialects: Readonly<Record<string, { readonly schema: (table: string) => string; readonly qualified: boolean }>> =
  {
    sqlite: { schema: sqliteSchema, qualified: false },
    postgres: { schema: postgresSchema, qualified: true },
    mysql: { schema: mysqlSchema, qualified: true },
    mariadb: { schema: mysqlSchema, qualified: true },
  }
const usage = `Usage: npx @tessera-auth/store-sql schema --dialect ${Object.keys(dialects).join('|')} [--table auth_records]
A schema in the table's name has to be there first. For --table auth.records: "create schema auth", in MySQL and MariaDB
"create database auth".\n`

try {
  process.stdout.write(run())
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  process.exitCode = 2
}

function run(): string {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { dialect: { type: 'string' }, table: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) return usage
  if (positionals.length !== 1 || positionals[0] !== 'schema') throw new Error('The one command is "schema".')
  const dialect = Object.hasOwn(dialects, values.dialect ?? '') ? dialects[values.dialect ?? ''] : undefined
  if (!dialect) throw new Error('Name a dialect.')
  const table = tableName(values.table === undefined ? {} : { table: values.table }, { qualified: dialect.qualified })
  return `${dialect.schema(table).trimEnd().replace(/;?$/, ';')}\n`
}
