import type { Validator } from "sshrpc/generated";
import * as helpers from "sshrpc/generated";
import { type Problem, Problems, SchemaProblem } from "../../../codegen/src/base/problem.js";
import { contractOf } from "../../../codegen/src/emit/contract/contract-of.js";
import { typescriptNaming } from "../../../codegen/src/emit/typescript/naming.js";
import { TextFile } from "../../../codegen/src/emit/typescript/text-file.js";
import { useType } from "../../../codegen/src/emit/typescript/type-use.js";
import { emitTypes } from "../../../codegen/src/emit/typescript/types.js";
import { emitValidators } from "../../../codegen/src/emit/typescript/validators.js";
import { ValidatorCompiler } from "../../../codegen/src/emit/validators/compile-validator.js";
import { compileValidators } from "../../../codegen/src/emit/validators/validator-set.js";
import { type ApiModel, allMethods } from "../../../codegen/src/model/api-model.js";
import { buildApi } from "../../../codegen/src/model/build-api.js";
import type { Hint } from "../../../codegen/src/model/hint.js";

/** A schema without a source file: every part has the same position. */
const HINT: Hint = {
  at: { file: "schema.ts", line: 1, column: 1 },
  doc: {},
  exported: undefined,
  child: () => HINT,
};

/** What codegen generates for one type, without files. */
export interface GeneratedSchema {
  /** The validator of a request: it rejects unknown properties. */
  readonly closed: Validator;
  /** The validator of a response: it accepts unknown properties. */
  readonly open: Validator;
  /** The text of `types.ts`. */
  readonly types: string;
  /** The type of the request: a name in `types`, or an inline type. */
  readonly request: string;
}

/**
 * @param type a TypeBox type or JSON Schema
 * @param compiler compiles the validators
 * @returns the problems of a schema that codegen refuses
 */
export function generateInMemory(
  type: unknown,
  compiler = new ValidatorCompiler(),
): GeneratedSchema | readonly Problem[] {
  const problems = new Problems();
  const method = { request: type, response: type };
  const api = { name: "test", version: "1.0.0", resources: { a: { STORE: method } } };
  const model = buildApi({ api, hint: HINT, exported: new Map() }, { rules: typescriptNaming, problems });
  try {
    problems.throwIfAny();
  } catch (error) {
    if (error instanceof SchemaProblem) return error.problems;
    throw error;
  }
  if (model === undefined) return [];
  const file = new TextFile({ taken: [] });
  const [store] = allMethods(model);
  const request = store === undefined ? "" : useType(file, store.request);
  return { ...validatorsOf(model, compiler), types: emitTypes(model, optionsFor(model)), request };
}

function validatorsOf(
  model: ApiModel,
  compiler: ValidatorCompiler,
): { readonly closed: Validator; readonly open: Validator } {
  const set = compileValidators(model, compiler);
  const method = model.resources[0]?.methods[0];
  if (method?.response === undefined) throw new Error("the API has no method");
  const text = emitValidators(set, optionsFor(model))
    .replace(/^import \{[^}]*\} from .*$/m, "")
    .replace(/^export \{[^}]*\};$/m, "");
  const names = [set.nameOf(method.request, "closed"), set.nameOf(method.response, "open")];
  const evaluate = new Function(...Object.keys(helpers), `${text}\nreturn [${names}];`);
  const [closed, open] = evaluate(...Object.values(helpers)) as [Validator, Validator];
  return { closed, open };
}

function optionsFor(model: ApiModel): Parameters<typeof emitTypes>[1] {
  return { contract: contractOf(model), header: "", declarationMap: false, pathOf: (file) => file };
}
