import { AppError } from '../../app-error.ts'
import { appErrorAnswer } from '../../answer-errors.ts'

/** Whatever is sent, and by whatever method: there is nothing that could take it. */
const answer = async (): Promise<Response> => appErrorAnswer(new AppError('not_found'))

export {
  answer as GET,
  answer as HEAD,
  answer as POST,
  answer as PUT,
  answer as PATCH,
  answer as DELETE,
  answer as OPTIONS,
}
