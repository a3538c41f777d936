/** `@sshrpc/codegen`: generates a typed client and server from a schema. */

export { type Position, type Problem, SchemaProblem } from "./base/problem.js";
export type { GenerateResult } from "./generate.js";
export { generate } from "./generate-once.js";
export type { GenerateOptions } from "./options.js";
export { type Watch, type WatchRun, watch } from "./watch.js";
