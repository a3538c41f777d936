import { VERSION } from "../../base/version.js";
import type { Contract, JsonSchema } from "../contract.js";

/** The contract of the built-in methods, for `help` and `describe`. */
export const BUILT_IN_CONTRACT: Contract = {
  sshrpc: 1,
  name: "sshrpc",
  version: VERSION,
  description: "The methods that every server offers.",
  hash: "",
  types: {},
  resources: {
    contract: {
      path: "/sshrpc/contract",
      description: "The contract of this server.",
      methods: {
        GET: {
          kind: "unary",
          description:
            "Returns the contract, with the methods that the caller may call.\nThe whole contract requires the scope sshrpc:contract.",
          idempotent: true,
          request: object({}),
          response: object({
            contract: { type: "object", description: "In the form of api.json." },
            complete: { type: "boolean", description: "Whether it is the whole contract." },
          }),
        },
      },
    },
  },
  callbacks: {},
};

function object(properties: Readonly<Record<string, JsonSchema>>, required = Object.keys(properties)): JsonSchema {
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}
