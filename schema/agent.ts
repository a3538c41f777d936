import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** The load of a machine. */
export const Load = Type.Object({
  /** The host name of the machine. */
  host: Type.String({ maxLength: 253 }),
  /** The load average over the last minute. */
  load: Type.Number({ minimum: 0 }),
});

/** What the connecting side serves: a machine behind NAT connects, and the server calls it over that connection. */
export const agent = defineResources({
  /** The machine at the other end of the connection. */
  agent: {
    /** Returns its load. */
    GET: { response: Load, timeout: 5_000 },
  },
});

/** What the server offers on top of it. */
export const fleet = defineResources({
  /** All connected machines. */
  fleet: {
    /** Asks each machine for its load, and streams the responses as they arrive. */
    GET: { responseStream: Load },
  },
});
