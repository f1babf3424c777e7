/** The provider as a process of its own, set up by environment. Prints `ready ISSUER` once it answers. */
import { startIdentityProvider } from './index.ts'

const {
  IDP_PORT,
  IDP_CLIENT_ID,
  IDP_CLIENT_SECRET,
  IDP_REDIRECT_URI,
  IDP_BACKCHANNEL_LOGOUT_URI,
  IDP_POST_LOGOUT_URI,
} = process.env

if (!IDP_CLIENT_SECRET) {
  console.error('IDP_CLIENT_SECRET: expected a text that is not empty')
  process.exit(1)
}

const provider = await startIdentityProvider({
  port: Number(IDP_PORT ?? 3001),
  clientId: IDP_CLIENT_ID ?? 'tessera-example',
  clientSecret: IDP_CLIENT_SECRET,
  redirectUris: (IDP_REDIRECT_URI ?? 'http://localhost:3000/auth/oauth/idp/callback').split(','),
  ...(IDP_BACKCHANNEL_LOGOUT_URI && { backchannelLogoutUri: IDP_BACKCHANNEL_LOGOUT_URI }),
  ...(IDP_POST_LOGOUT_URI && { postLogoutRedirectUris: IDP_POST_LOGOUT_URI.split(',') }),
})

// A terminal's Ctrl-C may come twice, from the terminal and from the program that started this one.
let stopped: Promise<never> | undefined
const stop = (): void => {
  stopped ??= provider.close().then(() => process.exit(0))
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
console.log(`ready ${provider.issuer}`)
