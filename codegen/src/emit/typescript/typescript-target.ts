import type { ResultCache } from "../../base/result-cache.js";
import type { ApiModel } from "../../model/api-model.js";
import type { EmitOptions, Target } from "../target.js";
import { type CompiledValidator, ValidatorCompiler } from "../validators/compile-validator.js";
import { compileValidators } from "../validators/validator-set.js";
import { emitApi } from "./api.js";
import { emitClient } from "./client.js";
import { emitServer } from "./server.js";
import { emitTypes } from "./types.js";
import { emitValidators, emitValidatorTypes } from "./validators.js";

/** The typed client, the handler interfaces, the types, and the validators as JavaScript. */
export class TypeScriptTarget implements Target {
  readonly name = "typescript";
  readonly #compiler: ValidatorCompiler;

  /** @param validators those of earlier processes */
  constructor(validators: ResultCache<CompiledValidator>) {
    this.#compiler = new ValidatorCompiler(validators);
  }

  emit(model: ApiModel, options: EmitOptions): ReadonlyMap<string, string> {
    const validators = compileValidators(model, this.#compiler);
    return new Map([
      ["api.ts", emitApi(model, validators, options)],
      ["client.ts", emitClient(model, options)],
      ["server.ts", emitServer(model, options)],
      ["types.ts", emitTypes(model, options)],
      ["validators.d.ts", emitValidatorTypes(validators, options)],
      ["validators.js", emitValidators(validators, options)],
    ]);
  }
}
