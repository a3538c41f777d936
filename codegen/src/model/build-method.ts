import {
  type ErrorStatus,
  isBytes,
  isErrorStatus,
  isIdempotent,
  kindOf,
  type ParamType,
  STATUSES,
  type Verb,
} from "sshrpc/contract";
import type { ErrorUse, MethodModel, StreamUse, TypeUse } from "./api-model.js";
import { type BuildContext, describedBy, refuseUnknownKeys } from "./build-context.js";
import type { Hint } from "./hint.js";
import { pascalCase, pascalStatus } from "./names.js";
import { acceptsEmpty, findField } from "./params.js";
import { isSchemaObject } from "./schema-walk.js";

const OPTIONS = [
  "request",
  "requestStream",
  "response",
  "responseStream",
  "errors",
  "scope",
  "idempotent",
  "timeout",
  "description",
  "deprecated",
];

/** The longest delay that a timer takes. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** What a method must know of its resource. */
export interface MethodOwner {
  readonly path: string;
  readonly typeName: string;
  /** The names of the path's parameters. */
  readonly params: readonly string[];
}

/** Builds one method. Undefined where it is none. */
export function buildMethod(
  verb: Verb,
  owner: MethodOwner,
  value: unknown,
  hint: Hint,
  where: string,
  context: BuildContext,
): MethodModel | undefined {
  const { problems, names } = context;
  if (!isSchemaObject(value)) {
    problems.add(hint.at, where, "give an object, such as `{ request: NoteRef, response: Note }`");
    return undefined;
  }
  refuseUnknownKeys(value, OPTIONS, hint, where, "option of a method", problems);
  const typeName = owner.typeName + pascalCase(verb.toLowerCase());
  const use = (suffix: string, schema: unknown, part: Hint, path: string): TypeUse => ({
    schema: context.types.read(schema, part, path),
    name: names.give(typeName + suffix, part, path),
  });
  const single = (key: string, suffix = pascalCase(key)): TypeUse | undefined =>
    value[key] === undefined ? undefined : use(suffix, value[key], hint.child(key), `${where}.${key}`);
  const stream = (key: string, suffix: string): StreamUse | undefined =>
    isBytes(value[key]) ? "bytes" : single(key, suffix);
  const request = single("request") ?? {
    schema: { type: "object", properties: {} },
    name: names.give(`${typeName}Request`, hint, where),
  };
  const response = single("response");
  const requestStream = stream("requestStream", "RequestItem");
  const responseStream = stream("responseStream", "ResponseItem");
  if (response === undefined && responseStream === undefined) {
    problems.add(
      hint.at,
      where,
      "it has no response; give it a `response`, such as Type.Null(), or a `responseStream`",
    );
  }
  const errors = buildErrors(
    value["errors"],
    hint,
    where,
    (status, schema, part, path) => ({
      status,
      ...use(pascalStatus(status), schema, part, path),
    }),
    context,
  );
  if (errors.length > 0) {
    names.give(`${typeName}Errors`, hint.child("errors"), `${where}.errors`);
    names.give(`${typeName}Error`, hint.child("errors"), `${where}.errors`);
  }
  const idempotent = value["idempotent"];
  return {
    id: `${verb} ${owner.path}`,
    verb,
    name: verb.toLowerCase(),
    typeName,
    kind: kindOf({ request: requestStream !== undefined, response: responseStream !== undefined }),
    ...describedBy(value, hint),
    ...deprecation(value, hint),
    idempotent: typeof idempotent === "boolean" ? idempotent : isIdempotent(verb),
    ...buildLimits(value, hint, where, context),
    params: buildParams(owner.params, request, hint, where, context),
    request,
    requestOptional: acceptsEmpty(request.schema, (name) => context.types.schemaOf(name)),
    ...(requestStream === undefined ? {} : { requestStream }),
    ...(response === undefined ? {} : { response }),
    ...(responseStream === undefined ? {} : { responseStream }),
    errors,
  };
}

function deprecation(value: Readonly<Record<string, unknown>>, hint: Hint): { deprecated?: boolean | string } {
  const own = value["deprecated"];
  const deprecated = typeof own === "boolean" || typeof own === "string" ? own : hint.doc.deprecated;
  return deprecated === undefined || deprecated === false ? {} : { deprecated: deprecated === "" ? true : deprecated };
}

function buildLimits(
  value: Readonly<Record<string, unknown>>,
  hint: Hint,
  where: string,
  { problems }: BuildContext,
): { scope?: string; timeout?: number } {
  const { scope, timeout, idempotent } = value;
  const refuse = (key: string, message: string) => problems.add(hint.child(key).at, `${where}.${key}`, message);
  const scopeFits = typeof scope === "string" && /^[^\s*,"]+$/.test(scope);
  const timeoutFits = Number.isInteger(timeout) && Number(timeout) > 0 && Number(timeout) <= MAX_TIMEOUT;
  if (scope !== undefined && !scopeFits) {
    refuse("scope", 'give a scope without spaces, commas, quotes or *, such as "notes:read", or leave it out');
  }
  if (timeout !== undefined && !timeoutFits) {
    refuse("timeout", `give a whole number of milliseconds from 1 to ${MAX_TIMEOUT}; it is ${String(timeout)}`);
  }
  if (idempotent !== undefined && typeof idempotent !== "boolean") refuse("idempotent", "give true or false");
  return { ...(scopeFits ? { scope } : {}), ...(timeoutFits ? { timeout: Number(timeout) } : {}) };
}

function buildParams(
  params: readonly string[],
  request: TypeUse,
  hint: Hint,
  where: string,
  { problems, types }: BuildContext,
): Readonly<Record<string, ParamType>> {
  const found: Record<string, ParamType> = {};
  for (const name of params) {
    const field = findField(request.schema, name, (type) => types.schemaOf(type));
    if (field === undefined) problems.add(hint.at, where, `{${name}} of the path is no field of the request`);
    else if (!field.required)
      problems.add(hint.at, where, `{${name}} of the path is an optional field of the request; require it`);
    else if (field.type === undefined) {
      problems.add(
        hint.at,
        where,
        `{${name}} of the path must be a string, an integer, a number or a boolean in the request`,
      );
    } else found[name] = field.type;
  }
  return found;
}

/** Statuses that the runtime answers with details of its own. */
const RUNTIMES: Readonly<Record<string, string>> = {
  METHOD_NOT_ALLOWED: "the verbs",
  INTERNAL: "a reference to the log",
};

function buildErrors(
  value: unknown,
  hint: Hint,
  where: string,
  use: (status: ErrorStatus, schema: unknown, part: Hint, path: string) => ErrorUse,
  { problems }: BuildContext,
): readonly ErrorUse[] {
  if (value === undefined) return [];
  const errors = hint.child("errors");
  if (!isSchemaObject(value)) {
    problems.add(errors.at, `${where}.errors`, "give an object of details by status, such as `{ NOT_FOUND: NoteRef }`");
    return [];
  }
  return Object.entries(value).flatMap(([status, schema]) => {
    const part = errors.child(status);
    const path = `${where}.errors.${status}`;
    const own = RUNTIMES[status];
    if (own !== undefined) {
      problems.add(part.at, path, `${status} is the runtime's own, with ${own} as details; choose another status`);
      return [];
    }
    if (isErrorStatus(status)) return schema === undefined ? [] : [use(status, schema, part, path)];
    const names = Object.keys(STATUSES).filter(isErrorStatus).join(", ");
    const what = status === "OK" ? "OK is no error" : `${status} is no status`;
    problems.add(part.at, path, `${what}; the errors are ${names}`);
    return [];
  });
}
