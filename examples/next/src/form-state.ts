/** What a form is told when it was refused. */
export interface FormState {
  readonly message: string
  /** What is wrong with the password. */
  readonly reasons: readonly string[]
}
