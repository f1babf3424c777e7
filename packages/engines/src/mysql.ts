/** MySQL and MariaDB. */
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import type { Engine, StartedServer } from './engine.js'
import { findProgram, type ServerRecipe, startServer } from './server-process.js'

/** MariaDB or MySQL, for tests. */
export const mysql: Engine = {
  name: 'MySQL/MariaDB',
  variable: 'TEST_MYSQL_URL',
  remedy: 'set TEST_MYSQL_URL, or install it (Debian: apt-get install mariadb-server), or start Docker',
  usual: [
    'mysql://root@127.0.0.1:3306/test',
    'mysql://root:root@127.0.0.1:3306/test',
    'mysql://root:mysql@127.0.0.1:3306/test',
    'mysql://test:test@127.0.0.1:3306/test',
  ],
  answers,
  start,
}

/** What MariaDB does not know. */
const mysqlOnly = [
  // It does not start without the folder that its package set up for the user `mysql`.
  '--secure-file-priv=NULL',
  // A second protocol, on a fixed port of all addresses.
  '--mysqlx=OFF',
]

async function start(): Promise<StartedServer | null> {
  const recipe = mariadbRecipe() ?? mysqlRecipe()
  return recipe && startServer(recipe)
}

function mariadbRecipe(): ServerRecipe | null {
  const install = findProgram('mariadb-install-db')
  const server = findProgram('mariadbd')
  if (!install || !server) return null
  return {
    ...common(server),
    prepare: (folder) => [
      [install, '--no-defaults', `--datadir=${data(folder)}`, '--auth-root-authentication-method=normal'],
    ],
  }
}

function mysqlRecipe(): ServerRecipe | null {
  const server = findProgram('mysqld')
  if (!server) return null
  const recipe = common(server)
  return {
    ...recipe,
    prepare: (folder) => [[server, '--no-defaults', `--datadir=${data(folder)}`, '--initialize-insecure']],
    run: (folder, port) => [...recipe.run(folder, port), ...mysqlOnly],
  }
}

function common(server: string): Omit<ServerRecipe, 'prepare'> {
  return {
    users: ['mysql', 'nobody'],
    stopSignal: 'SIGTERM',
    run: (folder, port) => [
      ...[server, '--no-defaults', `--datadir=${data(folder)}`, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...[
        `--socket=${join(folder, 'socket')}`,
        `--pid-file=${join(folder, 'pid')}`,
        '--innodb-flush-log-at-trx-commit=0',
      ],
    ],
    ready: async (port) => {
      const base = `mysql://root@127.0.0.1:${port}/`
      return (await answers(base, 'create database if not exists test')) ? `${base}test` : null
    },
  }
}

function data(folder: string): string {
  return join(folder, 'db')
}

async function answers(url: string, statement = 'create temporary table answers (n int)'): Promise<boolean> {
  try {
    const connection = await createConnection({ uri: url, connectTimeout: 2_000 })
    try {
      await connection.query(statement)
      return true
    } finally {
      await connection.end()
    }
  } catch {
    return false
  }
}
