/** `@sshrpc/codegen`: from a schema to a typed client and server. */

export { type Position, type Problem, SchemaProblem } from "./base/problem.js";
export { type GenerateResult, generate } from "./generate.js";
export type { GenerateOptions, ImportExtension } from "./options.js";
export { type Watch, type WatchRun, watch } from "./watch.js";
