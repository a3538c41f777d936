import { type Contract, isVerb, kindOf } from "sshrpc/contract";
import { errorMessage } from "../../base/error-message.js";
import { InvalidOptionsError } from "../../base/invalid-options-error.js";
import { withoutMark } from "../../base/without-mark.js";
import { circleOf } from "../../model/schema/circle-of.js";
import { isSchemaObject, refName, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";

/** No contract of codegen nests deeper: its types are at most 100 levels deep. */
const MAX_DEPTH = 1_000;

/** Validators have the names of their types. */
const TYPE_NAME = /^[A-Za-z_$][\w$]*$/;

/**
 * Reads the text of an `api.json`.
 * @param label where it comes from, for messages
 * @throws InvalidOptionsError that says what is wrong
 */
export function parseContract(text: string, label: string): Contract {
  try {
    return checkContract(JSON.parse(withoutMark(text)), label);
  } catch (error) {
    if (error instanceof InvalidOptionsError) throw error;
    throw new InvalidOptionsError(`${label}: invalid JSON: ${errorMessage(error)}`, { cause: error });
  }
}

/** Checks what a comparison relies on. @throws InvalidOptionsError that says what is wrong */
export function checkContract(value: unknown, label: string): Contract {
  const refuse = (problem: string): never => {
    throw new InvalidOptionsError(`${label}: ${problem}`);
  };
  if (!isSchemaObject(value) || value["sshrpc"] === undefined) {
    return refuse("not a contract of sshrpc; use an api.json that `sshrpc gen` has written");
  }
  if (value["sshrpc"] !== 1) {
    return refuse(`unknown version ${JSON.stringify(value["sshrpc"])} of the contract format; update @sshrpc/codegen`);
  }
  if (isDeep(value)) return refuse(`nested more than ${MAX_DEPTH} levels deep`);
  const { name, version, types = {}, resources, callbacks = {} } = value;
  if (typeof name !== "string" || typeof version !== "string") return refuse("missing name or version");
  if (!isSchemaObject(types)) return refuse('"types" is not an object');
  const byName = new Map(Object.entries(types as Record<string, SchemaOrBoolean>));
  for (const type of byName.keys()) if (!TYPE_NAME.test(type)) refuse(`invalid type name ${JSON.stringify(type)}`);
  checkReferences(value, byName, refuse);
  for (const type of byName.keys()) {
    const circle = circleOf(type, (one) => byName.get(one));
    if (circle !== undefined) refuse(`circular reference ${circle.join(" → ")}`);
  }
  checkResources(resources, "resources", refuse);
  checkResources(callbacks, "callbacks", refuse);
  return {
    ...(value as unknown as Contract),
    types: types as Contract["types"],
    callbacks: callbacks as Contract["callbacks"],
  };
}

function checkResources(resources: unknown, key: string, refuse: (problem: string) => never): void {
  if (!isSchemaObject(resources)) refuse(`"${key}" is not an object`);
  for (const [name, resource] of Object.entries(resources as object)) {
    const { path, methods } = (resource ?? {}) as { readonly path?: unknown; readonly methods?: unknown };
    if (typeof path !== "string" || !isSchemaObject(methods)) refuse(`${key}.${name}: missing path or methods`);
    for (const [verb, method] of Object.entries(methods as object)) {
      const place = `${key}.${name}.${verb}`;
      if (!isVerb(verb) || !isSchemaObject(method)) refuse(`${place}: not a method`);
      const fields = method as Readonly<Record<string, unknown>>;
      const invalid = FIELDS.find(([field, fits]) => !fits(fields[field]))?.[0];
      if (invalid !== undefined) refuse(`${place}: missing or invalid ${invalid}`);
      const { kind, requestStream, responseStream } = fields;
      const expected = kindOf({ request: requestStream !== undefined, response: responseStream !== undefined });
      if (kind !== expected)
        refuse(`${place}: the kind is ${JSON.stringify(kind)}, but its streams make it ${expected}`);
    }
  }
}

type Fits = (value: unknown) => boolean;
const optional =
  (fits: Fits): Fits =>
  (value) =>
    value === undefined || fits(value);
const isSchema: Fits = (value) => isSchemaObject(value);
const isStream: Fits = (value) => value === "bytes" || isSchemaObject(value);

/** What the fields of a method must be, as a comparison relies on them. */
const FIELDS: readonly (readonly [field: string, fits: Fits])[] = [
  ["idempotent", (value) => typeof value === "boolean"],
  ["onInterrupt", optional((value) => value === "run")],
  ["request", isSchema],
  ["requestStream", optional(isStream)],
  ["response", optional(isSchema)],
  ["responseStream", optional(isStream)],
  ["errors", optional((value) => isSchemaObject(value) && Object.values(value).every(isSchema))],
  ["scope", optional((value) => typeof value === "string")],
  ["timeout", optional((value) => typeof value === "number" && value > 0)],
];

function checkReferences(
  root: object,
  types: ReadonlyMap<string, SchemaOrBoolean>,
  refuse: (problem: string) => never,
): void {
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const name = Array.isArray(value) ? undefined : refName(value as SchemaOrBoolean);
    if (name !== undefined && !types.has(name)) refuse(`reference to an unknown type ${JSON.stringify(name)}`);
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(root);
}

function isDeep(root: unknown): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
    if (level.length === 0) return false;
  }
  return true;
}
