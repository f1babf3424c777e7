/** What a form is told when it was refused. */
export interface FormState {
  readonly message: string
  /** What is wrong with the password. */
  readonly reasons: readonly string[]
  /** The address that was typed, so that nobody types it twice. */
  readonly email: string
}
