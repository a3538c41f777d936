import { errorMessage } from "../../base/error-message.js";
import { kept } from "../../base/kept.js";
import { type ApiModel, allMethods, type MethodModel, type StreamUse, type TypeUse } from "../../model/api-model.js";
import { refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { compareNames } from "../compare-names.js";
import type { CompiledValidator } from "../compiled-validator.js";
import { CALL } from "../shape/own-keywords.js";
import { ProjectionBuilder } from "./build-projection.js";
import { buildProjections } from "./build-projections.js";
import { textOf, type ValidatorCompiler } from "./compile-validator.js";
import type { ProjectionNode } from "./projection-node.js";
import { shareParts } from "./share-parts.js";
import { type Variant, validatorName } from "./validator-names.js";
import { Variants } from "./variants.js";

/** The validators of one API: their code, and the names of those that methods use directly. */
export interface ValidatorSet {
  /** The names of the validators that methods use, sorted. The others are called by these alone. */
  readonly exported: readonly string[];
  /** The validator of a use in a variant. */
  nameOf(use: TypeUse, variant: Variant): string;
  /** Every validator by name, sorted. */
  readonly compiled: ReadonlyMap<string, CompiledValidator>;
  /** The projections of validators of what a server sends, by the name of the validator, sorted. */
  readonly projections: ReadonlyMap<string, ProjectionNode>;
}

/** Compiles the validators that the methods of `model` need, each type once for each variant. */
export function compileValidators(model: ApiModel, compiler: ValidatorCompiler): ValidatorSet {
  compiler.startRun();
  const types = new Map(model.types.map(({ name, schema }) => [name, schema]));
  const variants = new Variants(types);
  const exported = new Set<string>();
  const pending: string[] = [];
  const byName = new Map<string, { type: string; variant: Variant }>();
  for (const type of types.keys()) {
    for (const variant of ["open", "closed", "part"] as const)
      byName.set(validatorName(type, variant), { type, variant });
  }
  const schemas = new Map<string, SchemaOrBoolean>();
  const add = (name: string, schema: SchemaOrBoolean): void => {
    schemas.set(name, schema);
    pending.push(...callsIn(schema));
  };
  const shapes = new Map<string, string>();
  /** Equal inline shapes share the validator of the first. */
  const inlineName = ({ schema, name }: TypeUse, variant: Variant): string => {
    const shape = textOf(variants.of(schema, variant));
    const shared = shapes.get(shape) ?? validatorName(name, variant);
    shapes.set(shape, shared);
    return shared;
  };
  const names = {
    open: new Map<TypeUse, string>(),
    closed: new Map<TypeUse, string>(),
    part: new Map<TypeUse, string>(),
  };
  const nameOf = (use: TypeUse, variant: Variant): string => {
    const known = names[variant].get(use);
    if (known !== undefined) return known;
    const type = refName(use.schema);
    const name = type === undefined ? inlineName(use, variant) : validatorName(type, variants.needed(type, variant));
    names[variant].set(use, name);
    return name;
  };
  const uses = allMethods(model).flatMap((method) => kept(usesByMethod, method, usesOf));
  for (const { use, variant } of uses) {
    const name = nameOf(use, variant);
    exported.add(name);
    if (refName(use.schema) !== undefined) pending.push(name);
    else if (!schemas.has(name)) add(name, variants.of(use.schema, variant));
  }
  const validatorOf = (schema: SchemaOrBoolean): string => {
    const type = refName(schema);
    const text = textOf(variants.of(schema, "open"));
    const isNamed = type !== undefined && Object.keys(schema).length === 1;
    let name = isNamed ? validatorName(type, "open") : shapes.get(text);
    for (let number = 1; name === undefined; number += 1) {
      const next = validatorName(`branch${number}`, "open");
      if (!schemas.has(next) && !byName.has(next)) name = next;
    }
    if (isNamed) pending.push(name);
    else if (!schemas.has(name)) {
      shapes.set(text, name);
      add(name, variants.of(schema, "open"));
    }
    return name;
  };
  const sent = uses.filter(({ variant }) => variant === "open");
  const projections = buildProjections(
    sent.map(({ use }) => [nameOf(use, "open"), use.schema] as const),
    { types, builder: new ProjectionBuilder(types, validatorOf) },
  );
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const wanted = byName.get(name);
    if (wanted === undefined || schemas.has(name)) continue;
    add(name, variants.of(types.get(wanted.type) ?? {}, wanted.variant));
  }
  const evaluated = withEvaluated(schemas);
  const sorted = [...shareParts(schemas, (name) => evaluated.has(name))].sort(([a], [b]) => compareNames(a, b));
  const compiled = sorted.map(([name, schema]) => {
    return [name, compileNamed(name, schema, { compiler, evaluated: evaluated.has(name) })] as const;
  });
  return { exported: [...exported].sort(compareNames), nameOf, compiled: new Map(compiled), projections };
}

/** The validators with `unevaluatedProperties` or `unevaluatedItems`, and those that they call. */
function withEvaluated(schemas: ReadonlyMap<string, SchemaOrBoolean>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [name, schema] of schemas) if (factsOf(schema).isEvaluated) found.add(name);
  for (const name of found) for (const called of callsIn(schemas.get(name) ?? true)) found.add(called);
  return found;
}

/** A schema that the model accepts and ajv rejects is reported with the name of its validator. */
function compileNamed(
  name: string,
  schema: SchemaOrBoolean,
  { compiler, evaluated }: { readonly compiler: ValidatorCompiler; readonly evaluated: boolean },
): CompiledValidator {
  try {
    return compiler.compile(schema, evaluated);
  } catch (error) {
    const reason = errorMessage(error);
    throw new Error(`cannot compile the validator ${name}: ${reason}`, { cause: error });
  }
}

interface ValidatedUse {
  readonly use: TypeUse;
  readonly variant: Variant;
}

/** The server of a method rejects unknown properties; the caller accepts them, because its peer may be newer. */
function usesOf({ request, requestStream, responseStream, response, errors }: MethodModel): readonly ValidatedUse[] {
  const validated = (use: StreamUse | undefined, variant: Variant): readonly ValidatedUse[] =>
    use === undefined || use === "bytes" ? [] : [{ use, variant }];
  return [
    ...[request, requestStream].flatMap((use) => validated(use, "closed")),
    ...[responseStream, response, ...errors].flatMap((use) => validated(use, "open")),
  ];
}

/** Those of earlier runs. */
const usesByMethod = new WeakMap<MethodModel, readonly ValidatedUse[]>();

/** The validators that a rewritten schema calls. */
function callsIn(schema: SchemaOrBoolean): readonly string[] {
  return factsOf(schema).calls;
}

interface Facts {
  readonly calls: readonly string[];
  /** Whether it has `unevaluatedProperties` or `unevaluatedItems`. */
  readonly isEvaluated: boolean;
}

/** Of rewritten schemas. */
const facts = new WeakMap<object, Facts>();

function factsOf(schema: SchemaOrBoolean): Facts {
  if (typeof schema === "boolean") return { calls: [], isEvaluated: false };
  return kept(facts, schema, () => {
    const text = textOf(schema);
    const calls = [...text.matchAll(CALLS)].map(([, name = ""]) => name);
    return { calls, isEvaluated: /"unevaluated(Properties|Items)":/.test(text) };
  });
}

const CALLS = new RegExp(`"${CALL}":"([^"]+)"`, "g");
