import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** The server's clock. */
export const time = defineResources({
  /** Tells the time, after a while if asked: a way to see what deadlines do. */
  time: {
    /** Reads the server's clock. */
    GET: {
      request: Type.Object({
        /** Answers after this many milliseconds. */
        delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
      }),
      response: Type.Object({
        /** The time as text, such as `2026-01-31T12:00:00.000Z`. */
        now: Type.String({ format: "date-time" }),
        /** The same instant, in milliseconds since 1970. */
        epochMs: Type.Integer(),
      }),
    },
  },
});
