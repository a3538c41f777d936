import { isVerb, parsePath, pathParams, type Segment, VERBS } from "sshrpc/contract";
import { errorMessage } from "../base/error-message.js";
import type { Position } from "../base/problem.js";
import type { MethodModel, ResourceModel } from "./api-model.js";
import { type BuildContext, describedBy } from "./build-context.js";
import { buildMethod } from "./build-method.js";
import type { Hint } from "./hint.js";
import { pascalCase } from "./names.js";
import { isSchemaObject } from "./schema-walk.js";

/** A resource beside what only the checks across resources need. */
export interface ResourceDraft {
  readonly model: ResourceModel;
  readonly where: string;
  readonly at: Position;
  readonly pathAt: Position;
  readonly segments: readonly Segment[];
}

const OPTIONS = ["path", "description"];

/** Builds one resource. Undefined where it is none, or its path is none. */
export function buildResource(
  key: string,
  name: string,
  value: unknown,
  hint: Hint,
  where: string,
  context: BuildContext,
): ResourceDraft | undefined {
  const { problems } = context;
  if (!isSchemaObject(value)) {
    problems.add(hint.at, where, "give an object of verbs, such as `{ GET: { response: Note } }`");
    return undefined;
  }
  const given = value["path"];
  const path = given === undefined ? `/${key}` : String(given);
  const pathAt = given === undefined ? hint.at : hint.child("path").at;
  const segments = readPath(path, pathAt, where, context);
  refuseKeys(value, hint, where, context);
  const typeName = pascalCase(name);
  const methods: MethodModel[] = [];
  for (const verb of VERBS) {
    if (value[verb] === undefined) continue;
    const resource = { path, typeName, params: pathParams(segments ?? []) };
    const method = buildMethod(verb, resource, value[verb], hint.child(verb), `${where}.${verb}`, context);
    if (method !== undefined) methods.push(method);
  }
  // Where something else stands in the place of a verb, that was reported already.
  if (Object.keys(value).every((key) => OPTIONS.includes(key))) {
    problems.add(hint.at, where, `it answers no verb; give it some of ${VERBS.join(", ")}`);
  }
  if (segments === undefined) return undefined;
  const model = { name, typeName, path, ...describedBy(value, hint), methods };
  return { model, where, at: hint.at, pathAt, segments };
}

function readPath(
  path: string,
  at: Position,
  where: string,
  { problems }: BuildContext,
): readonly Segment[] | undefined {
  try {
    return parsePath(path);
  } catch (error) {
    problems.add(at, where, errorMessage(error));
    return undefined;
  }
}

function refuseKeys(value: object, hint: Hint, where: string, { problems }: BuildContext): void {
  for (const [key, content] of Object.entries(value)) {
    if (isVerb(key) || OPTIONS.includes(key)) continue;
    const message = isSchemaObject(content)
      ? `${key} is no verb; the verbs are ${VERBS.join(", ")}`
      : `${key} is no option of a resource; it may have ${[...OPTIONS, ...VERBS].join(", ")}`;
    problems.add(hint.child(key).at, `${where}.${key}`, message);
  }
}
