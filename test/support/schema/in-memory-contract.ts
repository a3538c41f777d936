import type { Contract } from "sshrpc/contract";
import { Problems } from "../../../codegen/src/base/problem.js";
import { contractOf } from "../../../codegen/src/emit/contract/contract-of.js";
import { typescriptNaming } from "../../../codegen/src/emit/typescript/naming.js";
import { buildApi } from "../../../codegen/src/model/build-api.js";
import type { Hint } from "../../../codegen/src/model/hint.js";

const HINT: Hint = {
  at: { file: "schema.ts", line: 1, column: 1 },
  doc: {},
  exported: undefined,
  child: () => HINT,
};

/** The contract of an API with these resources, without files. @throws SchemaProblem for what codegen refuses */
export function inMemoryContract(resources: object, more: object = {}): Contract {
  const problems = new Problems();
  const api = { name: "test", version: "1.0.0", resources, ...more };
  const model = buildApi({ api, hint: HINT, exported: new Map() }, { rules: typescriptNaming, problems });
  problems.throwIfAny();
  if (model === undefined) throw new Error("no model");
  return contractOf(model);
}
