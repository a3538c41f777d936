import type { FilesHandlers } from "../../generated/server.js";

/** Files, sent and received. */
export const files: FilesHandlers = {
  get: (_, ctx) => ctx.fail("UNIMPLEMENTED"),
  store: (_, __, ctx) => ctx.fail("UNIMPLEMENTED"),
};
