import { memoryStore } from '@tessera-auth/core'
import { describeStore } from './describe-store.js'

describeStore('memoryStore', async () => ({ store: memoryStore(), close: async () => {} }))
