import { describeBehindNginx } from './describe-behind-nginx.ts'
import { describePages } from './describe-pages.ts'

const express = {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: new URL('../../express/', import.meta.url).pathname,
}

describePages('Express', express)
describeBehindNginx('Express', express)
