import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** How busy a machine is. */
export const Load = Type.Object({
  /** What the machine calls itself. */
  host: Type.String(),
  /** How many programs want to run at once, on average over the last minute. */
  load: Type.Number({ minimum: 0 }),
});

/** What the connecting side serves: a machine that nobody can dial dials out, and is called over that connection. */
export const agent = defineResources({
  /** The machine at the other end. */
  agent: {
    /** Says how busy it is. */
    GET: { response: Load, timeout: 5_000 },
  },
});

/** What the server serves with it. */
export const fleet = defineResources({
  /** All machines that are connected. */
  fleet: {
    /** Asks each of them how busy it is, and sends the answers as they come. */
    GET: { responseStream: Load },
  },
});
