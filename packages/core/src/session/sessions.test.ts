import { expect, test } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createSessions } from './sessions.js'
test('works', async () => {
  const sessions = createSessions({ store: memoryStore() })
  const { token, session } = await sessions.create({ attempt: await sessions.beginLogin('u'), methods: ['pwd'] })
  expect((await sessions.verify(token))?.userId).toBe('u')
  const r = await sessions.rotate((await sessions.verify(token))!, { methods: ['otp'] })
  expect(await sessions.verify(token)).toBe(null)
  expect((await sessions.verify(r.token))?.id).toBe(session.id)
  expect(await sessions.list('u')).toHaveLength(1)
  expect(await sessions.revokeAll('u')).toBe(1)
  expect(await sessions.verify(r.token)).toBe(null)
})
