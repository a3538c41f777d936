import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** A value to echo. An exported schema becomes a type of that name in `generated/`. */
export const Echo = Type.Object({
  /** Any JSON value. */
  value: Type.Unknown(),
});

/** For testing payloads. */
export const echo = defineResources({
  /** Returns its request. */
  echo: {
    /** Returns the value that it receives. */
    GET: { request: Echo, response: Echo },
  },
});
