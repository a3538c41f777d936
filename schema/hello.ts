import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** The smallest API there is. Resources without a `path` have their own name: this one is `/hello`. */
export const hello = defineResources({
  /** Greets. */
  hello: {
    /** Says hello to somebody, or to the world. */
    GET: {
      request: Type.Object({
        /** Who to greet. Left out, it is the world. */
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      }),
      response: Type.Object({
        /** Such as `Hello World!`. */
        msg: Type.String(),
      }),
    },
  },
});
