import { methods, seeOther } from '../../../methods.ts'

/** No Server Action: the browser is to load a page anew, and to throw away the one that was private. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    GET: () => seeOther('/'),
    HEAD: () => seeOther('/'),
    async POST({ auth }) {
      await auth.signOut()
      return seeOther('/')
    },
  },
  { takes: ['form'] },
)
