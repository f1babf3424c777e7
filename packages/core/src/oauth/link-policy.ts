/** Whether an identity that is new here may be connected to an account: a pure function of stated evidence. */
import type { Identity } from './identity.js'

/** All that a decision may rest on. */
export interface LinkEvidence {
  /** Who came, from the provider. */
  readonly identity: Identity
  /** Who is signed in in this browser, and since when; `null`: nobody, or somebody else than when the attempt began. */
  readonly signedIn: { readonly userId: string; readonly authenticatedSecondsAgo: number } | null
  /** Whose account has the identity's e-mail address, and whether that account has proven it. */
  readonly emailOwner: { readonly id: string; readonly emailVerified: boolean } | null
}

/** `link`: to who is signed in, else to the owner of the address. `create`: a new account. */
export type LinkPolicy = (evidence: LinkEvidence) => 'link' | 'create' | 'refuse'

/** What a page can offer after a refusal. */
export type LinkNextStep = 'reauthenticate' | 'sign_in' | 'verify_email'

const recentSeconds = 600

/**
 * Links from a recent session, or by an e-mail address that both sides have proven: the provider by evidence, the account
 * by its own check. An account whose address nobody proved may be a trap that waits for its owner (pre-hijacking).
 */
export const defaultLinkPolicy: LinkPolicy = ({ identity, signedIn, emailOwner }) => {
  if (signedIn) return signedIn.authenticatedSecondsAgo < recentSeconds ? 'link' : 'refuse'
  if (!emailOwner) return 'create'
  return identity.emailProven && emailOwner.emailVerified ? 'link' : 'refuse'
}

/** The way out of a refusal: confirm who you are; sign in as the account, then connect; prove the address here first. */
export function nextStepOf({ identity, signedIn, emailOwner }: LinkEvidence): LinkNextStep {
  if (signedIn) return 'reauthenticate'
  return identity.emailProven && emailOwner && !emailOwner.emailVerified ? 'verify_email' : 'sign_in'
}
