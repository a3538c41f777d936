/** How a client calls a korv server. */
export interface KorvClientOptions {
  /** Gives the name that the server has for a resource, from its path, such as `/notes/42`. Default: the path itself. */
  readonly mapPath?: (path: string) => string;
  /** Milliseconds that the server has to make room for a request, once it is its turn. Over it: UNAVAILABLE. Default: 30,000. */
  readonly sendTimeout?: number;
}
