/** `sshrpc/contract`: the contract as data, for tools that read schemas or `api.json`. */
export { nearest } from "./base/nearest.js";
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
export { type ParamType, parsePath, pathParams, pathsOverlap, type Segment } from "./contract/path.js";
export {
  type ErrorStatus,
  isErrorStatus,
  isRuntimeStatus,
  STATUSES,
  type StatusName,
  statusPhrase,
} from "./contract/status.js";
export { isIdempotent, isVerb, VERBS, type Verb } from "./contract/verb.js";
