import { AppError } from '../../app-error.ts'
import { methods } from '../../methods.ts'

const answer = (): Response => {
  throw new AppError('not_found')
}

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methods(
  { GET: answer, POST: answer, PUT: answer, PATCH: answer, DELETE: answer },
  { takes: [] },
)
