/** `sshrpc/contract`: the contract as data, for tools that read schemas or `api.json`. */
export { nearest } from "./base/nearest.js";
export { RESERVED_SCOPE } from "./base/peer.js";
export type { ServedContract } from "./contract/built-in/built-in-api.js";
export { isBytes } from "./contract/bytes.js";
export { appliedSchemas, constraints, type SchemaOf } from "./contract/constraints.js";
export type {
  Contract,
  JsonSchema,
  MethodContract,
  ResourceContract,
  StreamContract,
} from "./contract/contract.js";
export { type Kind, kindOf } from "./contract/kind.js";
export { methodHashes } from "./contract/method-hash.js";
export { isReservedPath, type ParamType, parsePath, pathParams, pathsOverlap, type Segment } from "./contract/path.js";
export { keywordValue } from "./contract/schema-keywords.js";
export {
  type ErrorStatus,
  isErrorStatus,
  isRuntimeStatus,
  STATUSES,
  type StatusName,
  statusPhrase,
} from "./contract/status.js";
export { isIdempotent, isVerb, VERBS, type Verb } from "./contract/verb.js";
