import { VERSION } from "../../base/version.js";
import type { Contract } from "../contract.js";
import type { Api } from "../method.js";
import { BUILT_IN_CONTRACT } from "./built-in-contract.js";
import { closedObject, isObject, openObject } from "./validators.js";

/** Paths of the methods that sshrpc itself offers begin with this; those of a schema cannot. */
const RESERVED_PATH = "/sshrpc/";

/** Whether a path belongs to sshrpc itself. */
export function isReservedPath(path: string): boolean {
  return path.startsWith(RESERVED_PATH);
}

/** The scope that shows a caller the whole contract. Without it the caller sees the methods that it may call. */
export const CONTRACT_SCOPE = "sshrpc:contract";

/** The scopes that the built-in methods know. */
export const BUILT_IN_SCOPES: readonly string[] = [CONTRACT_SCOPE];

/** What `GET /sshrpc/contract` responds. */
export interface ServedContract {
  /** In the form of `api.json`. Its hash is that of the whole contract. */
  readonly contract: Contract;
  /**
   * Whether it is the whole contract, which requires the scope `sshrpc:contract`. Otherwise it has the methods that the caller may call
   * and the types that these refer to, and does not tell whether there are others.
   */
  readonly complete: boolean;
}

/**
 * The methods that every server offers beside those of its contract, as an API of its own: they pass through the same router, checks,
 * limits and adapters.
 */
export const BUILT_IN_API: Api = {
  name: "sshrpc",
  version: VERSION,
  hash: "",
  methods: [
    {
      id: "GET /sshrpc/contract",
      resource: "contract",
      verb: "GET",
      path: "/sshrpc/contract",
      kind: "unary",
      params: {},
      idempotent: true,
      request: closedObject({}),
      response: openObject({
        contract: { type: "object", fits: isContract },
        complete: { type: "boolean", fits: (value) => typeof value === "boolean" },
      }),
    },
  ],
  contract: async () => BUILT_IN_CONTRACT,
};

function isContract(value: unknown): boolean {
  return (
    isObject(value) &&
    ["name", "version", "hash"].every((name) => typeof value[name] === "string") &&
    ["types", "resources", "callbacks"].every((name) => isObject(value[name]))
  );
}
