/** A request and its answer as the library sees them: a web `Request` and `Headers` fit as they are. */

/** A request: method, URL or path, and headers by case-insensitive name. A web `Request` is one. */
export interface RequestView {
  readonly method: string
  /** Absolute, or a path with its query. */
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

/** Where Set-Cookie goes. A web `Headers` is one, so is an Express response. */
export interface ResponseHeaders {
  /** Adds one header line; never replaces one. */
  append(name: string, value: string): unknown
}

/** One request together with the headers of its answer. The view may come late, as in Next.js. */
export interface Exchange {
  readonly request: RequestView | Promise<RequestView>
  readonly responseHeaders: ResponseHeaders
}
