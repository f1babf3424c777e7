/** Checks of what an app says of a server that it describes itself. */
import { expected } from '../../internal/options.js'
import { askableUrl } from '../upstream.js'

/** Origins that may be asked with a token. Throws `ConfigError`. */
export function checkApiOrigins(origins: readonly unknown[], allowPrivate: boolean): string[] {
  const isOrigin = (value: unknown): value is string => askableUrl(value, allowPrivate)?.origin === value
  if (Array.isArray(origins) && origins.every(isOrigin)) return origins
  throw expected('apiOrigins', "a list of https origins of public hosts, such as 'https://api.example'", origins)
}
