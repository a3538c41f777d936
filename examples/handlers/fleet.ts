import type { FleetHandlers } from "../../generated/server.js";

/** All machines that are connected. */
export const fleet: FleetHandlers = {
  get: (_, ctx) => ctx.fail("UNIMPLEMENTED"),
};
