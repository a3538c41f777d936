import { isReservedPath, isVerb, parsePath, pathParams, type Segment, VERBS } from "sshrpc/contract";
import { errorMessage } from "../base/error-message.js";
import type { Position } from "../base/problem.js";
import { suggestion } from "../base/suggestion.js";
import type { MethodModel } from "./api-model.js";
import { type BuildContext, describedBy, lifeOf } from "./build-context.js";
import { buildMethod } from "./build-method.js";
import type { SchemaPart } from "./hint.js";
import type { ResourceDraft } from "./model-cache.js";
import { pascalCase } from "./names.js";
import { reservedVerbs } from "./reserved.js";

const OPTIONS = ["path", "description", "deprecated", "since", "reserved"];

/**
 * Builds one resource.
 * @param key its name in the schema, and its default path
 * @param name its name in generated code
 * @returns undefined if the part is not an object, or its path is invalid
 */
export function buildResource(
  key: string,
  name: string,
  part: SchemaPart,
  context: BuildContext,
): ResourceDraft | undefined {
  if (!part.isObject()) {
    context.problems.add(part.at, part.path, "expected an object of verbs, such as `{ GET: { response: Note } }`");
    return undefined;
  }
  const { value, hint, path: declaredAs } = part;
  const given = value["path"];
  const path = given === undefined ? `/${key}` : String(given);
  const pathAt = given === undefined ? part.at : part.child("path").at;
  const segments = readPath(path, pathAt, declaredAs, context);
  refuseKeys(part, context);
  const typeName = pascalCase(name);
  const life = lifeOf(part, context.problems);
  const { deprecated } = life;
  const methods: MethodModel[] = [];
  for (const verb of VERBS) {
    if (value[verb] === undefined) continue;
    const params = pathParams(segments ?? []);
    const resource = { path, typeName, params, ...(deprecated === undefined ? {} : { deprecated }) };
    const method = buildMethod(verb, resource, part.child(verb), context);
    if (method !== undefined) methods.push(method);
  }
  // Other keys have been reported already.
  if (Object.keys(value).every((key) => OPTIONS.includes(key))) {
    context.problems.add(part.at, declaredAs, `no methods; add at least one of ${VERBS.join(", ")}`);
  }
  if (segments === undefined) return undefined;
  const reserved = reservedVerbs(part, context.problems);
  const model = {
    name,
    declaredAs,
    at: part.at,
    typeName,
    path,
    ...describedBy(value, hint),
    ...life,
    reserved,
    methods,
  };
  return { model, at: part.at, pathAt, segments };
}

function readPath(
  path: string,
  at: Position,
  declaredAs: string,
  { problems }: BuildContext,
): readonly Segment[] | undefined {
  try {
    const segments = parsePath(path);
    if (!isReservedPath(path)) return segments;
    problems.add(
      at,
      declaredAs,
      `path "${path}": paths below /sshrpc/ are reserved for the methods that every server offers`,
    );
    return undefined;
  } catch (error) {
    problems.add(at, declaredAs, `${errorMessage(error)}${otherParam(path)}`);
    return undefined;
  }
}

/** What to write for a parameter in the notation of another router: `:id`, `<id>`, `[id]`, `{id?}`, `${id}`. */
function otherParam(path: string): string {
  const found = /:(\w+)|<(\w+)>|\[(\w+)\]|\$\{(\w+)\}|\{(\w+)[?*+:][^}]*\}/.exec(path);
  const name = found?.slice(1).find((group) => group !== undefined);
  return name === undefined ? "" : `; write {${name}} for a parameter`;
}

/** The verbs of HTTP and of other RPC systems, with ours. */
const OTHER_VERBS: Readonly<Record<string, string>> = {
  POST: "STORE",
  CREATE: "STORE",
  ADD: "STORE",
  PUT: "UPDATE",
  PATCH: "UPDATE",
  SET: "UPDATE",
  READ: "GET",
  LIST: "GET",
  HEAD: "GET",
  QUERY: "GET",
  REMOVE: "DELETE",
};

function refuseKeys(part: SchemaPart<object>, { problems }: BuildContext): void {
  const known = [...OPTIONS, ...VERBS];
  for (const key of Object.keys(part.value)) {
    if (isVerb(key) || OPTIONS.includes(key)) continue;
    const child = part.child(key);
    const upper = key.toUpperCase();
    const verb = isVerb(upper) ? upper : OTHER_VERBS[upper];
    if (child.isObject() && verb !== undefined) {
      problems.add(child.at, child.path, `unknown verb ${key}; write ${verb} (known verbs: ${VERBS.join(", ")})`);
    } else if (child.isObject() && isResource(child.value)) {
      const message = `resources cannot be nested; declare ${key} beside this resource, with a path such as "${nestedPath(part, key)}"`;
      problems.add(child.at, child.path, message);
    } else {
      const message = child.isObject()
        ? `unknown verb ${key}${suggestion(key, VERBS)}; known verbs: ${VERBS.join(", ")}`
        : `unknown resource option "${key}"${suggestion(key, known)}; known options: ${known.join(", ")}`;
      problems.add(child.at, child.path, message);
    }
  }
}

function isResource(value: object): boolean {
  return Object.keys(value).some((key) => isVerb(key) || isVerb(OTHER_VERBS[key] ?? ""));
}

function nestedPath(part: SchemaPart<object>, key: string): string {
  const { path } = part.value as { readonly path?: unknown };
  return `${typeof path === "string" ? path : `/${part.path.split(".").at(-1)}`}/${key}`;
}
