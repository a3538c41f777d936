import { VERSION } from "../../base/version.js";
import type { Contract } from "../contract.js";
import type { Api, Method } from "../method.js";
import { BUILT_IN_CONTRACT } from "./built-in-contract.js";
import { OPERATION_METHODS, OPERATION_SCOPES } from "./operations.js";
import { closedObject, isObject, isTexts, openObject, TEXT } from "./validators.js";

/** The scope that shows a caller the whole contract. Without it the caller sees the methods that it may call. */
export const CONTRACT_SCOPE = "sshrpc:contract";

/** The scopes that the built-in methods know. */
export const BUILT_IN_SCOPES: readonly string[] = [CONTRACT_SCOPE, ...OPERATION_SCOPES];

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

/** What `GET /sshrpc/methods` responds. */
export interface MethodHashes {
  readonly name: string;
  readonly version: string;
  /** That of the whole contract. */
  readonly hash: string;
  /** The hash of each method that the caller may call, of those that it named, or of all: see {@link methodHashes}. */
  readonly methods: Readonly<Record<string, string>>;
  /** The methods that it named and that require a scope which it lacks. */
  readonly hidden: readonly string[];
}

/** The method by which two sides compare their contracts. */
export const HASHES: Method = {
  id: "GET /sshrpc/methods",
  resource: "methods",
  verb: "GET",
  path: "/sshrpc/methods",
  kind: "unary",
  params: {},
  idempotent: true,
  request: closedObject({ methods: { type: "array", fits: isTexts, optional: true } }),
  response: openObject({
    ...{ name: TEXT, version: TEXT, hash: TEXT },
    methods: { type: "object", fits: (value) => isObject(value) && isTexts(Object.values(value)) },
    hidden: { type: "array", fits: isTexts },
  }),
};

const CONTRACT: Method = {
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
};

/** The built-in methods that every client may call by itself: its HELLO names them. */
export const CONTRACT_METHODS: readonly Method[] = [CONTRACT, HASHES];

/**
 * The methods that every server offers beside those of its contract, as an API of its own: they pass through the same router, checks,
 * limits and adapters.
 */
export const BUILT_IN_API: Api = {
  name: "sshrpc",
  version: VERSION,
  hash: "",
  methods: [...CONTRACT_METHODS, ...OPERATION_METHODS],
  contract: async () => BUILT_IN_CONTRACT,
};

/** Whether a method is one that every server offers. */
export function isBuiltIn({ path }: Method): boolean {
  return path.startsWith("/sshrpc/");
}

function isContract(value: unknown): boolean {
  return (
    isObject(value) &&
    ["name", "version", "hash"].every((name) => typeof value[name] === "string") &&
    ["types", "resources", "callbacks"].every((name) => isObject(value[name]))
  );
}
