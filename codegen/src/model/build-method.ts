import {
  isBytes,
  isErrorStatus,
  isIdempotent,
  kindOf,
  type ParamType,
  RESERVED_SCOPE,
  STATUSES,
  type Verb,
} from "sshrpc/contract";
import { suggestion } from "../base/suggestion.js";
import type { ErrorUse, MethodModel, StreamUse, TypeUse } from "./api-model.js";
import { type BuildContext, describedBy, lifeOf, refuseUnknownKeys } from "./build-context.js";
import type { SchemaPart } from "./hint.js";
import { pascalCase, pascalStatus } from "./names.js";
import { acceptsEmpty, findField } from "./params.js";
import { refName } from "./schema/schema-walk.js";

const OPTIONS = [
  "request",
  "requestStream",
  "response",
  "responseStream",
  "errors",
  "scope",
  "idempotent",
  "onInterrupt",
  "timeout",
  "description",
  "deprecated",
  "since",
];

/** The maximum delay of a Node timer, in ms. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Statuses that only the runtime sends, with the details that it sends. */
const RESERVED_STATUSES: Readonly<Record<string, string>> = {
  METHOD_NOT_ALLOWED: "the allowed verbs",
  INTERNAL: "a reference to the log",
};

/** The resource of a method. */
interface MethodOwner {
  readonly path: string;
  readonly typeName: string;
  /** The names of the path's parameters. */
  readonly params: readonly string[];
  readonly deprecated?: boolean | string;
}

/** Builds one method. @returns undefined if the part is not an object */
export function buildMethod(
  verb: Verb,
  owner: MethodOwner,
  part: SchemaPart,
  context: BuildContext,
): MethodModel | undefined {
  const { problems, names, types, rules } = context;
  if (!part.isObject()) {
    problems.add(part.at, part.path, "expected an object, such as `{ request: NoteRef, response: Note }`");
    return undefined;
  }
  if ("~kind" in part.value) {
    problems.add(part.at, part.path, "expected a method, got a type; write `{ response: ... }` around it");
    return undefined;
  }
  refuseUnknownKeys(part, "method", OPTIONS, problems);
  const { value, hint } = part;
  const typeName = owner.typeName + pascalCase(verb.toLowerCase());
  const use: Use = (suffix, child) => {
    const name = typeName + suffix;
    const schema = types.read(child, name);
    // A type that refers to itself has this name already.
    return {
      schema,
      name: refName(schema) === name ? name : names.reserve(name, child.path),
      at: child.at,
      fields: types.fieldsOf(schema),
    };
  };
  const single = (key: string, suffix = pascalCase(key)): TypeUse | undefined =>
    value[key] === undefined ? undefined : use(suffix, part.child(key));
  const stream = (key: string, suffix: string): StreamUse | undefined =>
    isBytes(value[key]) ? "bytes" : single(key, suffix);
  const request = single("request") ?? {
    schema: { type: "object", properties: {} },
    name: names.reserve(`${typeName}Request`, part.path),
    at: part.at,
    fields: {},
  };
  const response = single("response");
  const requestStream = stream("requestStream", "RequestItem");
  const responseStream = stream("responseStream", "ResponseItem");
  if (response === undefined && responseStream === undefined) {
    const message = "missing response; add `response`, such as Type.Null(), or `responseStream`";
    problems.add(part.at, part.path, message);
  }
  const errors = value["errors"] === undefined ? [] : buildErrors(part.child("errors"), use, context);
  if (errors.length > 0) for (const name of rules.errorTypes(typeName)) names.reserve(name, part.child("errors").path);
  const idempotent = value["idempotent"];
  return {
    id: `${verb} ${owner.path}`,
    at: part.at,
    verb,
    typeName,
    kind: kindOf({ request: requestStream !== undefined, response: responseStream !== undefined }),
    ...describedBy(value, hint),
    ...lifeOf(part, problems, owner.deprecated),
    idempotent: typeof idempotent === "boolean" ? idempotent : isIdempotent(verb),
    ...buildOnInterrupt(part, verb, context),
    ...buildLimits(part, context),
    params: buildParams(owner.params, request, part, context),
    request,
    requestOptional: acceptsEmpty(request.schema, (name) => types.schemaOf(name)),
    ...(requestStream === undefined ? {} : { requestStream }),
    ...(response === undefined ? {} : { response }),
    ...(responseStream === undefined ? {} : { responseStream }),
    errors,
  };
}

/** Reads a type that the method uses. `suffix` ends its name. */
type Use = (suffix: string, part: SchemaPart) => TypeUse;

/** Which methods have a key: as `takesIdempotencyKey` of the runtime. */
function buildOnInterrupt(
  part: SchemaPart<Readonly<Record<string, unknown>>>,
  verb: Verb,
  { problems }: BuildContext,
): { onInterrupt?: "run" } {
  const { onInterrupt, idempotent = isIdempotent(verb), responseStream } = part.value;
  if (onInterrupt === undefined) return {};
  const refuse = (message: string) => problems.add(part.child("onInterrupt").at, `${part.path}.onInterrupt`, message);
  if (onInterrupt !== "run") refuse('expected "run"');
  else if (idempotent === true)
    refuse("an idempotent method has no idempotency key, and runs again in any case; remove it");
  else if (responseStream !== undefined) refuse("a method with a response stream has no idempotency key; remove it");
  else return { onInterrupt };
  return {};
}

function buildLimits(
  part: SchemaPart<Readonly<Record<string, unknown>>>,
  { problems }: BuildContext,
): { scope?: string; timeout?: number } {
  const { scope, timeout, idempotent } = part.value;
  const refuse = (key: string, message: string) => problems.add(part.child(key).at, `${part.path}.${key}`, message);
  const scopeFits = typeof scope === "string" && /^[^\s*,"]+$/.test(scope);
  const timeoutFits = Number.isInteger(timeout) && Number(timeout) > 0 && Number(timeout) <= MAX_TIMEOUT;
  if (scope !== undefined && !scopeFits) {
    refuse("scope", 'invalid scope; use a name without spaces, commas, quotes or *, such as "notes:read"');
  }
  if (typeof scope === "string" && scope.startsWith(RESERVED_SCOPE)) {
    refuse(
      "scope",
      `scope "${scope}": scopes that begin with ${RESERVED_SCOPE} are reserved for the methods that every server offers`,
    );
  }
  if (timeout !== undefined && !timeoutFits) {
    refuse("timeout", `invalid timeout ${String(timeout)}; use a whole number of ms from 1 to ${MAX_TIMEOUT}`);
  }
  if (idempotent !== undefined && typeof idempotent !== "boolean") refuse("idempotent", "expected true or false");
  return { ...(scopeFits ? { scope } : {}), ...(timeoutFits ? { timeout: Number(timeout) } : {}) };
}

function buildParams(
  params: readonly string[],
  request: TypeUse,
  part: SchemaPart,
  { problems, types }: BuildContext,
): Readonly<Record<string, ParamType>> {
  const found: Record<string, ParamType> = {};
  const refuse = (message: string) => problems.add(part.at, part.path, message);
  for (const name of params) {
    const field = findField(request.schema, name, (type) => types.schemaOf(type));
    const { properties = {} } = request.schema;
    if (field === undefined)
      refuse(
        `the request has no field for the path parameter {${name}}${suggestion(name, Object.keys(properties as object))}; add it`,
      );
    else if (!field.required) refuse(`the field of the path parameter {${name}} is optional; make it required`);
    else if (field.type === undefined)
      refuse(`the path parameter {${name}} must be a string, an integer, a number or a boolean in the request`);
    else found[name] = field.type;
  }
  return found;
}

function buildErrors(part: SchemaPart, use: Use, { problems }: BuildContext): readonly ErrorUse[] {
  if (!part.isObject()) {
    const message = "expected an object of details by status, such as `{ NOT_FOUND: NoteRef }`";
    problems.add(part.at, part.path, message);
    return [];
  }
  return Object.entries(part.value).flatMap(([status, schema]) => {
    const child = part.child(status);
    const details = RESERVED_STATUSES[status];
    if (details !== undefined) {
      const message = `${status} is reserved for the runtime, which sends ${details} as details; use another status`;
      problems.add(child.at, child.path, message);
      return [];
    }
    if (isErrorStatus(status)) return schema === undefined ? [] : [{ status, ...use(pascalStatus(status), child) }];
    const known = Object.keys(STATUSES).filter(isErrorStatus).join(", ");
    const near = suggestion(status, Object.keys(STATUSES).filter(isErrorStatus));
    const what = status === "OK" ? "OK is not an error" : `unknown status ${status}${near}`;
    problems.add(child.at, child.path, `${what}; known errors: ${known}`);
    return [];
  });
}
