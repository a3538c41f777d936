import type { Context } from "./context.js";

/** Answers a unary method. It returns the response, or throws: `ctx.fail(...)` for a status that it chooses. */
export type UnaryHandler<Request, Response, Errors = unknown> = (
  request: Request,
  ctx: Context<Errors>,
) => Response | Promise<Response>;
