/** What is left to do once a logout has been carried out: who reads its token does not end logins, who ends them knows no token. */

const steps = new WeakMap<object, () => Promise<unknown>>()

/** Does this when the logout has been carried out, and never if it could not be. */
export function onceCarriedOut(logout: object, step: () => Promise<unknown>): void {
  steps.set(logout, step)
}

/** Tells that it has been. */
export async function carriedOut(logout: object): Promise<void> {
  await steps.get(logout)?.()
}
