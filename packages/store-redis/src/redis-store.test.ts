import { describeEngine, redis } from '@tessera-auth/engines'
import { describeStore } from '@tessera-auth/testing'
import { ownName, singleClients } from './fixtures/clients.js'
import { redisStore } from './redis-store.js'

describeEngine(redis, (url) => {
  for (const [name, open] of singleClients) {
    describeStore(
      `redisStore over ${name}`,
      async () => {
        const { client, close } = await open(url)
        return { store: redisStore(client, { prefix: ownName() }), close }
      },
      { dropsByItself: true },
    )
  }
})
