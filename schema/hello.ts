import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** The smallest API. The path of a resource without `path` is its name: `/hello`. */
export const hello = defineResources({
  /** A greeting. */
  hello: {
    /** Greets a name, or the world. */
    GET: {
      request: Type.Object({
        /** The name to greet. Default: the world. */
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      }),
      response: Type.Object({
        /** Such as `Hello World!`. */
        msg: Type.String(),
      }),
    },
  },
});
