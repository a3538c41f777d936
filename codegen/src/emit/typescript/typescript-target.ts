import type { ResultCache } from "../../base/result-cache.js";
import type { ApiModel } from "../../model/api-model.js";
import type { CompiledValidator } from "../compiled-validator.js";
import type { EmitOptions, Target } from "../target.js";
import { ValidatorCompiler } from "../validators/compile-validator.js";
import { compileValidators } from "../validators/validator-set.js";
import { emitApi, emitApiTypes } from "./api.js";
import { emitClient, emitClientTypes } from "./client.js";
import { DeclarationMapper, type Origin } from "./declaration-map.js";
import { methodOrigins, typeOrigins } from "./origins.js";
import { emitServer, emitServerTypes } from "./server.js";
import { emitTypes } from "./types.js";
import { emitValidators, emitValidatorTypes } from "./validators.js";

/** The typed client, the handler interfaces, the types and the validators: JavaScript with declarations. */
export class TypeScriptTarget implements Target {
  readonly name = "typescript";
  readonly #compiler: ValidatorCompiler;
  readonly #mappers = new Map<string, DeclarationMapper>();

  /** @param validators those of earlier processes */
  constructor(validators: ResultCache<CompiledValidator>) {
    this.#compiler = new ValidatorCompiler(validators);
  }

  emit(model: ApiModel, options: EmitOptions): ReadonlyMap<string, string> {
    const validators = compileValidators(model, this.#compiler);
    const ofMethods = methodOrigins(model);
    return new Map([
      ["api.d.ts", emitApiTypes(options)],
      ["api.js", emitApi(model, validators, options)],
      ...this.#withMap("client.d.ts", emitClientTypes(model, options), ofMethods, options),
      ["client.js", emitClient(options)],
      ...this.#withMap("server.d.ts", emitServerTypes(model, options), ofMethods, options),
      ["server.js", emitServer(options)],
      ...this.#withMap("types.d.ts", emitTypes(model, options), typeOrigins(model), options),
      // For `export *` from it.
      ["types.js", `// ${options.header}\nexport {};\n`],
      ["validators.d.ts", emitValidatorTypes(validators, options)],
      ["validators.js", emitValidators(validators, options)],
    ]);
  }

  /** Declarations, and their map if the options ask for maps. */
  #withMap(
    name: string,
    text: string,
    origins: ReadonlyMap<string, Origin>,
    { declarationMap: hasMap, pathOf }: EmitOptions,
  ): readonly [string, string][] {
    if (!hasMap) return [[name, text]];
    const mapper = this.#mappers.get(name) ?? new DeclarationMapper(name);
    this.#mappers.set(name, mapper);
    return [
      [name, `${text}//# sourceMappingURL=${name}.map\n`],
      [`${name}.map`, mapper.map(text, origins, pathOf)],
    ];
  }
}
