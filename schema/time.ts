import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** The server's clock. */
export const time = defineResources({
  /** A clock, with an optional delay to demonstrate deadlines. */
  time: {
    /** Returns the server's time. */
    GET: {
      request: Type.Object({
        /** The delay before the response, in milliseconds. */
        delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
      }),
      response: Type.Object({
        /** The time as a string, such as `2026-01-31T12:00:00.000Z`. */
        now: Type.String({ format: "date-time" }),
        /** The same instant, in milliseconds since 1970. */
        epochMs: Type.Integer(),
      }),
    },
  },
});
