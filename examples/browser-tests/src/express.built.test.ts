import { fileURLToPath } from 'node:url'
import { describeBehindNginx } from './describe-behind-nginx.ts'
import { describePages } from './describe-pages.ts'

const express = {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: fileURLToPath(new URL('../../express/', import.meta.url)),
}

describePages('Express', express)
describeBehindNginx('Express', express)
