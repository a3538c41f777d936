import type { ResultCache } from "./base/result-cache.js";
import type { CompiledValidator } from "./emit/compiled-validator.js";
import { contractTarget } from "./emit/contract/contract-target.js";
import type { Target } from "./emit/target.js";
import { TypeScriptTarget } from "./emit/typescript/typescript-target.js";

/** Creates every target that a run generates. A new target is added here, and its names in load/schema-worker.ts. */
export function createTargets(validators: ResultCache<CompiledValidator>): readonly Target[] {
  return [contractTarget, new TypeScriptTarget(validators)];
}
