import type { ApiModel } from "../model/api-model.js";
import { contractOf, emitContract, emitContractModule, emitContractTypes } from "./contract/contract.js";
import { emitApi } from "./typescript/api.js";
import { emitClient } from "./typescript/client.js";
import { emitServer } from "./typescript/server.js";
import { MARK } from "./typescript/text-file.js";
import { emitTypes } from "./typescript/types.js";
import { compileValidators, emitValidators, emitValidatorTypes } from "./typescript/validators.js";
import type { ValidatorCompiler } from "./validators/compile-validator.js";

/** What emitters must know beside the model. */
export interface EmitOptions {
  /** How the header names the schema, such as `schema/api.ts`. */
  readonly schema: string;
  /** What imports between generated files end in: `.js`, `.ts` or nothing. */
  readonly extension: string;
}

/** Every generated file by name, with its text. */
export function emitAll(
  model: ApiModel,
  { schema, extension }: EmitOptions,
  compiler: ValidatorCompiler,
): ReadonlyMap<string, string> {
  const header = `${MARK} ${schema}. Do not edit: run "sshrpc gen".`;
  const contract = contractOf(model);
  const validators = compileValidators(model, compiler);
  return new Map([
    ["api.json", emitContract(contract)],
    ["api.ts", emitApi(model, contract.hash, validators, header, extension)],
    ["client.ts", emitClient(model, header, extension)],
    ["contract.d.ts", emitContractTypes(header)],
    ["contract.js", emitContractModule(contract, header)],
    ["server.ts", emitServer(model, header, extension)],
    ["types.ts", emitTypes(model, header)],
    ["validators.d.ts", emitValidatorTypes(validators, header)],
    ["validators.js", emitValidators(validators, header)],
  ]);
}
