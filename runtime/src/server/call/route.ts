import type { Method } from "../../contract/method.js";
import type { Context } from "./context.js";

/** The target of a call: the method, its handler, and the fields of the request that the path contains. */
export interface Route {
  readonly method: Method;
  readonly handler: (request: unknown, ctx: Context) => unknown;
  readonly params: Readonly<Record<string, unknown>> | undefined;
}
