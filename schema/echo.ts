import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** What is sent to be sent back. An exported schema becomes a type of that name in `generated/`. */
export const Echo = Type.Object({
  /** Any JSON: a text, a number, or lists and objects as deep as one likes. */
  value: Type.Unknown(),
});

/** For trying out payloads. */
export const echo = defineResources({
  /** Gives back what it is given. */
  echo: {
    /** Sends a value there and back. */
    GET: { request: Echo, response: Echo },
  },
});
