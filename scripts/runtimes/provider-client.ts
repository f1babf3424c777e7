/** What the provider and the app of the scenario know of each other. */

/** Where the app would stand; it is called and listens nowhere. */
export const appOrigin = 'http://localhost:3000'

/** Its name and secret at the provider. */
export const client = { clientId: 'example', clientSecret: 'a secret of this scenario only, 0123456789' }
