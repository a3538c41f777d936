import { defineApi } from "sshrpc/schema";
import Type from "typebox";

/** An API of functions that registered clients may call. A request without a timeout of its own lives for 30 s. */
export default defineApi({
  name: "mini-share",
  version: "1.0.0",
  resources: {
    /** A function without a request. */
    time_test: {
      /** Returns the time of the server. */
      GET: { response: Type.Object({ time: Type.String({ format: "date-time" }) }), timeout: 30_000 },
    },
    /** Text that the clients share. */
    shared: {
      path: "/shared/{name}",
      /** Reads a text. */
      GET: {
        request: Type.Object({ name: Type.String({ maxLength: 100 }) }),
        response: Type.Object({ text: Type.String() }),
        scope: "shared:read",
        errors: { NOT_FOUND: Type.Object({ name: Type.String() }) },
        timeout: 30_000,
      },
      /** Writes a text. */
      STORE: {
        request: Type.Object({ name: Type.String({ maxLength: 100 }), text: Type.String({ maxLength: 10_000 }) }),
        response: Type.Null(),
        scope: "shared:write",
        timeout: 30_000,
      },
    },
  },
});
