import { signIn, signUp } from '../actions.ts'
import { ActionForm } from './action-form.tsx'
import { EmailField, PasswordField } from './fields.tsx'

/** What a stranger sees. */
export function SignedOut() {
  return (
    <>
      <h1>Welcome</h1>
      <p className="lead">Sign in, or make an account. It stays on this server.</p>
      <div className="cards">
        <section className="card" aria-labelledby="sign-in">
          <h2 id="sign-in">Sign in</h2>
          <ActionForm action={signIn}>
            <EmailField />
            <PasswordField label="Password" name="password" kind="current-password" />
            <label className="inline">
              <input type="checkbox" name="remember" defaultChecked /> Keep me signed in
            </label>
            <button className="wide">Sign in</button>
          </ActionForm>
          <div className="or">or</div>
          <a className="button plain wide" href="/auth/oauth/idp">
            Sign in with the identity provider
          </a>
        </section>
        <section className="card" aria-labelledby="sign-up">
          <h2 id="sign-up">New here?</h2>
          <ActionForm action={signUp}>
            <EmailField />
            <PasswordField
              label="Password"
              name="password"
              kind="new-password"
              hint="At least 8 characters. A few words are better than a riddle."
            />
            <button className="wide">Create account</button>
          </ActionForm>
        </section>
      </div>
    </>
  )
}
