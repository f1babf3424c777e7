/** The provider's three pages, without script, so that a test can read them and a person can use them. */

/** What a page shows and where its form goes. */
export interface Page {
  readonly title: string
  /** Where its form is posted. */
  readonly action: string
  /** Above the fields, as text. */
  readonly text: string
}

/** One field: whoever is named is signed in. */
export function signInPage(action: string, email: string): string {
  return page(
    { title: 'Who are you?', action, text: 'This provider is for trying things out: it asks for no password.' },
    `<label>E-mail address <input type="email" name="email" value="${escape(email)}" required autofocus></label>
    <button>Continue</button>`,
  )
}

/** Asks whether an app may have what it asks for. */
export function consentPage(action: string, app: string, scopes: readonly string[]): string {
  return page(
    { title: 'Allow access?', action, text: `${app} asks for: ${scopes.join(', ')}` },
    `<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button>`,
  )
}

/** Asks whether to sign out here too. `form` is the library's own, with its id. */
export function signOutPage(form: string): string {
  const buttons = `<button form="op.logoutForm" name="logout" value="yes">Sign out</button>
    <button form="op.logoutForm">Stay signed in</button>`
  return document('Sign out here too?', `${form}${buttons}`)
}

/** Says something. */
export function messagePage(title: string, text: string): string {
  return document(title, `<p>${escape(text)}</p>`)
}

function page({ title, action, text }: Page, fields: string): string {
  return document(title, `<p>${escape(text)}</p><form method="post" action="${escape(action)}">${fields}</form>`)
}

function document(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>body{font:1rem/1.5 system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}label,input{display:block}button,input{min-height:2.75rem}</style>
<h1>${escape(title)}</h1>${body}</html>`
}

function escape(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
