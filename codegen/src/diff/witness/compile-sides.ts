import type { JsonSchema } from "sshrpc/contract";
import type { Validator } from "sshrpc/generated";
import * as helpers from "sshrpc/generated";
import { emitValidators } from "../../emit/typescript/validators.js";
import { ValidatorCompiler } from "../../emit/validators/compile-validator.js";
import type { Variant } from "../../emit/validators/validator-names.js";
import { compileValidators } from "../../emit/validators/validator-set.js";
import type { ApiModel, MethodModel, TypeUse } from "../../model/api-model.js";
import type { Types } from "../subset/alternative.js";

/** A schema as a method uses it. */
export interface CompiledUse {
  readonly schema: JsonSchema;
  readonly variant: Variant;
}

const AT = { file: "", line: 1, column: 1 };

/**
 * The validators of schemas of one contract, as generated code has them, in the order of `uses`.
 * @throws Error if one cannot be compiled
 */
export function compileSide(types: Types, uses: readonly CompiledUse[]): readonly Validator[] {
  // No type of a contract has such a name.
  const useOf = (schema: JsonSchema, index: number): TypeUse => ({ schema, name: `$${index}`, at: AT, fields: {} });
  const all = uses.map(({ schema }, index) => useOf(schema, index));
  const nothing = useOf({ type: "object", properties: {} }, uses.length);
  const methods = uses.map(({ variant }, index): MethodModel => {
    const use = all[index] as TypeUse;
    return {
      ...{ id: `GET /${index}`, at: AT, verb: "GET", typeName: "", kind: "unary", idempotent: true, params: {} },
      ...{ request: variant === "closed" ? use : nothing, requestOptional: false, errors: [] },
      ...(variant === "open" ? { response: use } : {}),
    };
  });
  const model: ApiModel = {
    ...{ name: "", at: AT, typeName: "", version: "", callbacks: [], reserved: [] },
    types: [...types].map(([name, schema]) => ({ name, at: AT, fields: {}, schema: schema as JsonSchema })),
    resources: [{ name: "", declaredAs: "", at: AT, typeName: "", path: "", reserved: [], methods }],
  };
  const set = compileValidators(model, new ValidatorCompiler());
  const names = uses.map(({ variant }, index) => set.nameOf(all[index] as TypeUse, variant));
  const text = emitValidators(set, { header: "" } as Parameters<typeof emitValidators>[1])
    .replace(/^import \{[^}]*\} from .*$/m, "")
    .replace(/^export \{[^}]*\};$/m, "");
  // Modules are strict.
  const evaluate = new Function(...Object.keys(helpers), `"use strict";\n${text}\nreturn [${names.join(", ")}];`);
  return evaluate(...Object.values(helpers)) as readonly Validator[];
}
