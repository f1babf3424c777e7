import { textListField } from '../../body.ts'
import { type Cart, etagOf, requireMatch } from '../../cart.ts'
import { methods } from '../../methods.ts'

const answer = (cart: Cart): Response => Response.json(cart, { headers: { ETag: etagOf(cart) } })

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  {
    async GET({ auth }) {
      return answer(await auth.data())
    },
    async PUT({ auth, body, request }) {
      const next = { items: textListField(body, 'items') }
      const ifMatch = request.headers.get('If-Match') ?? undefined
      return answer(
        await auth.updateData((current) => {
          requireMatch(current, ifMatch)
          return next
        }),
      )
    },
  },
  { guard: 'always' },
)
