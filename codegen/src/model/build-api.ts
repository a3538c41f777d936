import { pathsOverlap } from "sshrpc/contract";
import type { Problems } from "../base/problem.js";
import type { ApiModel } from "./api-model.js";
import { type BuildContext, describedBy, refuseUnknownKeys } from "./build-context.js";
import { buildResource, type ResourceDraft } from "./build-resource.js";
import { DerivedNames } from "./derived-names.js";
import type { ExportedSchema, Hint } from "./hint.js";
import { camelCase, isIdentifier, isReservedResource, pascalCase } from "./names.js";
import { isSchemaObject } from "./schema-walk.js";
import { TypeReader } from "./type-reader.js";

const OPTIONS = ["name", "version", "description", "resources", "callbacks"];

/** The name of a callback whose handlers' interface would have the name that all of them have together. */
const COLLECTIVE = "callback";

/** What the default export of a schema module is made of. */
export interface ApiSource {
  readonly api: unknown;
  readonly hint: Hint;
  readonly exported: ReadonlyMap<object, ExportedSchema>;
}

/** Checks what a schema module exports and builds the model of it. Undefined where it is no API at all. */
export function buildApi({ api, hint, exported }: ApiSource, problems: Problems): ApiModel | undefined {
  if (!isSchemaObject(api)) {
    problems.add(hint.at, "", "the default export is no API; write `export default defineApi({ ... })`");
    return undefined;
  }
  refuseUnknownKeys(api, OPTIONS, hint, "", "option of an API", problems);
  const { name, version } = api;
  const typeName = typeof name === "string" ? pascalCase(name) : "";
  if (typeof name !== "string" || !isIdentifier(typeName)) {
    problems.add(
      hint.child("name").at,
      "name",
      'give the API a name that begins with a letter, such as `name: "notes"`',
    );
  }
  if (typeof version !== "string" || version === "") {
    problems.add(hint.child("version").at, "version", 'give the API a version, such as `version: "1.0.0"`');
  }
  const types = new TypeReader(exported, problems);
  const context: BuildContext = { problems, types, names: new DerivedNames(types, problems) };
  const resources = buildResources(api["resources"] ?? {}, hint.child("resources"), "resources", context);
  const callbacks = buildResources(api["callbacks"] ?? {}, hint.child("callbacks"), "callbacks", context);
  refuseShared(resources, callbacks, problems);
  if (resources.length === 0 && problems.count === 0) {
    problems.add(hint.child("resources").at, "resources", "declare at least one resource");
  }
  context.names.check();
  return {
    name: String(name),
    typeName,
    version: String(version),
    ...describedBy(api, { doc: hint.doc }),
    types: types.types,
    resources: resources.map(({ model }) => model),
    callbacks: callbacks.map(({ model }) => model),
  };
}

function buildResources(value: unknown, hint: Hint, path: string, context: BuildContext): readonly ResourceDraft[] {
  if (!isSchemaObject(value)) {
    context.problems.add(hint.at, path, "give an object of resources by name");
    return [];
  }
  const byName = new Map<string, string>();
  const drafts: ResourceDraft[] = [];
  for (const [key, resource] of Object.entries(value)) {
    const part = hint.child(key);
    const where = `${path}.${key}`;
    const name = camelCase(key);
    const earlier = byName.get(name);
    if (!isIdentifier(name)) {
      context.problems.add(part.at, where, `"${key}" is no name for a resource: begin it with a letter`);
    } else if (isReservedResource(key) || isReservedResource(name)) {
      context.problems.add(
        part.at,
        where,
        `no resource can be called ${key}: every client, or every object of JavaScript, has a member of that name`,
      );
    } else if (earlier !== undefined) {
      context.problems.add(
        part.at,
        where,
        `it is called ${name} in generated code, as ${path}.${earlier} is; rename one`,
      );
    }
    if (earlier === undefined) byName.set(name, key);
    const draft = buildResource(key, name, resource, part, where, context);
    if (draft !== undefined) drafts.push(draft);
  }
  refuseOverlaps(drafts, context.problems);
  return drafts;
}

/** A path must lead to one resource alone. */
function refuseOverlaps(drafts: readonly ResourceDraft[], problems: Problems): void {
  for (const [index, draft] of drafts.entries()) {
    const other = drafts.slice(0, index).find(({ segments }) => pathsOverlap(segments, draft.segments));
    if (other === undefined) continue;
    const same = other.model.path === draft.model.path;
    const how = same ? `"${draft.model.path}" is the path of ${other.where} too` : overlap(draft, other);
    problems.add(draft.pathAt, draft.where, `${how}; give each its own`);
  }
}

/**
 * What both sides of a connection serve shares one space of names and paths: so generated code can name the types of
 * both after their resources, and a method id means one method alone.
 */
function refuseShared(
  resources: readonly ResourceDraft[],
  callbacks: readonly ResourceDraft[],
  problems: Problems,
): void {
  for (const draft of callbacks) {
    const { name, path } = draft.model;
    if (name === COLLECTIVE) {
      problems.add(draft.at, draft.where, `no callback can be called ${name}: generated code needs CallbackHandlers`);
    }
    const namesake = resources.find(({ model }) => model.name === name);
    const other = resources.find(({ segments }) => pathsOverlap(segments, draft.segments));
    if (namesake !== undefined) {
      problems.add(
        draft.at,
        draft.where,
        `a callback cannot have the name of a resource, ${namesake.where}; rename one`,
      );
    } else if (other !== undefined) {
      const how = other.model.path === path ? `"${path}" is the path of ${other.where}` : overlap(draft, other);
      problems.add(
        draft.pathAt,
        draft.where,
        `a callback cannot have the path of a resource: ${how}; give each its own`,
      );
    }
  }
}

function overlap(draft: ResourceDraft, other: ResourceDraft): string {
  return `some path matches both "${draft.model.path}" and "${other.model.path}" of ${other.where}`;
}
