import { VERSION } from "../../base/version.js";
import type { Contract } from "../contract.js";
import { objectSchema as object } from "./json-schemas.js";
import { OPERATION_RESOURCES } from "./operations-contract.js";

const TEXTS = { type: "array", items: { type: "string" } };

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
    methods: {
      path: "/sshrpc/methods",
      description: "The methods of this server, to compare contracts.",
      methods: {
        GET: {
          kind: "unary",
          description: "Returns the hashes of the methods that the caller may call.",
          idempotent: true,
          request: object({ methods: { ...TEXTS, description: "The ids of methods, such as GET /notes/{id}." } }, []),
          response: object({
            name: { type: "string" },
            version: { type: "string" },
            hash: { type: "string", description: "That of the whole contract." },
            methods: { type: "object", additionalProperties: { type: "string" }, description: "The hashes, by id." },
            hidden: { ...TEXTS, description: "Those of the request that need a scope which the caller lacks." },
          }),
        },
      },
    },
    ...OPERATION_RESOURCES,
  },
  callbacks: {},
};
