import { describePages } from './describe-pages.ts'

describePages('Express', {
  program: process.execPath,
  args: ['src/server.ts'],
  cwd: new URL('../../express/', import.meta.url).pathname,
})
