import type { WeblogHandlers } from "../../generated/server.js";

/** The log of a web server. */
export const weblog: WeblogHandlers = {
  get: (_, ctx) => ctx.fail("UNIMPLEMENTED"),
};
