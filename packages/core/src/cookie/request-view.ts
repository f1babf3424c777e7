/** A request and its answer as the library sees them: a web `Request` and `Headers` fit as they are. */

/** A request: method, URL or path, and headers by case-insensitive name. A web `Request` is one. */
export interface RequestView {
  /** The HTTP method, in capitals. */
  readonly method: string
  /** Absolute, or a path with its query. */
  readonly url: string
  /** Header fields, by name without regard to case; `null`: not sent. */
  readonly headers: { get(name: string): string | null }
}

/** Where Set-Cookie goes. A web `Headers` is one, so is an Express response. */
export interface ResponseHeaders {
  /** Adds one header line; never replaces one. */
  append(name: string, value: string): unknown
}

/** One request together with the headers of its answer. The view may come late, as in Next.js. */
export interface Exchange {
  /** What was asked; a promise where the framework answers late. */
  readonly request: RequestView | Promise<RequestView>
  /** Where Set-Cookie goes. */
  readonly responseHeaders: ResponseHeaders
}
