/** The type of a JSON Web Key, ours: the DOM's is global only where a compiler reads the DOM's library. */

/**
 * A JSON Web Key (RFC 7517 §4; members of the kinds in RFC 7518 §6). It takes, and is taken as, the runtime's own and
 * jose's type; an alias and not an interface, so that it also is where an index signature is asked for.
 */
export type JsonWebKey = {
  /** What it is for: 'ES256'. */
  alg?: string
  /** Curve of an EC or OKP key. */
  crv?: string
  /** Private exponent or key: secret. */
  d?: string
  /** Of a private RSA key: secret. */
  dp?: string
  /** Of a private RSA key: secret. */
  dq?: string
  /** Public exponent of an RSA key. */
  e?: string
  /** Whether WebCrypto may export it again. */
  ext?: boolean
  /** The bytes of a symmetric key: secret. */
  k?: string
  /** What WebCrypto may do with it. */
  key_ops?: string[]
  /** Its name in tokens and in a JWKS. */
  kid?: string
  /** Its kind: 'EC', 'OKP', 'RSA' or 'oct'. */
  kty?: string
  /** Modulus of an RSA key. */
  n?: string
  /** Further primes of a private RSA key: secret. */
  oth?: { d?: string; r?: string; t?: string }[]
  /** Of a private RSA key: secret. */
  p?: string
  /** Of a private RSA key: secret. */
  q?: string
  /** Of a private RSA key: secret. */
  qi?: string
  /** 'sig' or 'enc'. */
  use?: string
  /** Coordinate of an EC key, or the public OKP key. */
  x?: string
  /** Coordinate of an EC key. */
  y?: string
}
