import type { ChatHandlers } from "../../generated/server.js";

/** One room for everybody. */
export const chat: ChatHandlers = {
  update: (_, __, ctx) => ctx.fail("UNIMPLEMENTED"),
};
