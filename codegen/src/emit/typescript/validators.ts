import { errorMessage } from "../../base/error-message.js";
import { type ApiModel, allMethods, type StreamUse, type TypeUse } from "../../model/api-model.js";
import { refName } from "../../model/schema-walk.js";
import { compareNames } from "../validators/compare-names.js";
import type { CompiledValidator, ValidatorCompiler } from "../validators/compile-validator.js";
import { type Variant, validatorName } from "../validators/validator-names.js";
import { CALL, Variants } from "../validators/variants.js";
import { runtimeType } from "./runtime-symbols.js";
import { TextFile } from "./text-file.js";

/** The validators of one API: their code, and which of them `api.ts` asks for. */
export interface ValidatorSet {
  /** The names that `validators.js` exports, sorted. */
  readonly exported: readonly string[];
  /** The validator of a use in a variant. */
  nameOf(use: TypeUse, variant: Variant): string;
  /** Every validator by name, sorted. */
  readonly compiled: ReadonlyMap<string, CompiledValidator>;
}

/** Compiles the validators that the methods of `model` need, each type once for each variant. */
export function compileValidators(model: ApiModel, compiler: ValidatorCompiler): ValidatorSet {
  compiler.startRound();
  const types = new Map(model.types.map(({ name, schema }) => [name, schema]));
  const variants = new Variants(types);
  const compiled = new Map<string, CompiledValidator>();
  const exported = new Set<string>();
  const pending: string[] = [];
  const byName = new Map<string, { type: string; variant: Variant }>();
  for (const type of types.keys()) {
    for (const variant of ["open", "closed", "part"] as const)
      byName.set(validatorName(type, variant), { type, variant });
  }
  const add = (name: string, schema: ReturnType<Variants["of"]>): void => {
    compiled.set(name, compileNamed(name, schema, compiler));
    pending.push(...callsIn(schema));
  };
  const nameOf = (use: TypeUse, variant: Variant): string => {
    const type = refName(use.schema);
    return type === undefined ? validatorName(use.name, variant) : validatorName(type, variants.needed(type, variant));
  };
  for (const { use, variant } of usesOf(model)) {
    const name = nameOf(use, variant);
    exported.add(name);
    if (refName(use.schema) === undefined) add(name, variants.of(use.schema, variant));
    else pending.push(name);
  }
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const wanted = byName.get(name);
    if (wanted === undefined || compiled.has(name)) continue;
    add(name, variants.of(types.get(wanted.type) ?? {}, wanted.variant));
  }
  const sorted = [...compiled].sort(([a], [b]) => compareNames(a, b));
  return { exported: [...exported].sort(compareNames), nameOf, compiled: new Map(sorted) };
}

/** What ajv refuses and the model let pass is at least reported with the type that it stands in. */
function compileNamed(
  name: string,
  schema: ReturnType<Variants["of"]>,
  compiler: ValidatorCompiler,
): CompiledValidator {
  try {
    return compiler.compile(schema);
  } catch (error) {
    const reason = errorMessage(error);
    throw new Error(`the validator ${name} cannot be compiled: ${reason}`, { cause: error });
  }
}

/** `validators.js`. ajv writes this code, so formatters and linters are asked to leave it as it is. */
export function emitValidators({ compiled, exported }: ValidatorSet, header: string): string {
  const helpers = new Set([...compiled.values()].flatMap((validator) => validator.helpers));
  const imports =
    helpers.size === 0 ? "" : `import { ${[...helpers].sort(compareNames).join(", ")} } from "sshrpc/generated";\n`;
  const blocks = [...compiled].map(([name, { code }]) => `const ${name} = ${code};\n`);
  const exports =
    exported.length === 0 ? "export {};\n" : `export {\n${exported.map((name) => `  ${name},\n`).join("")}};\n`;
  return (
    `// ${header}\n// biome-ignore-all lint: written by ajv\n// biome-ignore-all format: written by ajv\n` +
    `/* eslint-disable */\n${imports}\n${blocks.join("\n")}\n${exports}`
  );
}

/** `validators.d.ts`. */
export function emitValidatorTypes({ exported }: ValidatorSet, header: string): string {
  const file = new TextFile(exported);
  const type = exported.length === 0 ? "" : file.use(runtimeType("Validator"));
  file.write(exported.map((name) => `export declare const ${name}: ${type};\n`).join("") || "export {};\n");
  return file.print(header);
}

interface ValidatedUse {
  readonly use: TypeUse;
  readonly variant: Variant;
}

/** Whoever serves a method validates what it is sent strictly; whoever calls it lets pass what it does not know yet. */
function usesOf(model: ApiModel): readonly ValidatedUse[] {
  const validated = (use: StreamUse | undefined, variant: Variant): readonly ValidatedUse[] =>
    use === undefined || use === "bytes" ? [] : [{ use, variant }];
  return allMethods(model).flatMap(({ request, requestStream, responseStream, response, errors }) => [
    ...[request, requestStream].flatMap((use) => validated(use, "closed")),
    ...[responseStream, response, ...errors].flatMap((use) => validated(use, "open")),
  ]);
}

/** The validators that a rewritten schema calls. */
function callsIn(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === CALL && typeof value === "string" ? [value] : callsIn(value),
  );
}
