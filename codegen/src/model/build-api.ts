import { pathsOverlap } from "sshrpc/contract";
import type { Problems } from "../base/problem.js";
import type { ApiModel } from "./api-model.js";
import { type BuildContext, DerivedNames, describedBy, refuseUnknownKeys } from "./build-context.js";
import { buildResource } from "./build-resource.js";
import { type ExportedSchema, type Hint, SchemaPart } from "./hint.js";
import { type BuiltResource, ModelCache, type ResourceDraft } from "./model-cache.js";
import { camelCase, type NamingRules, pascalCase } from "./names.js";
import { ReservedNames } from "./reserved.js";
import { TypeReader } from "./type-reader.js";

const OPTIONS = ["name", "version", "description", "resources", "callbacks", "reserved"];

/** The default export of a schema module, with its source. */
interface ApiSource {
  readonly api: unknown;
  readonly hint: Hint;
  readonly exported: ReadonlyMap<object, ExportedSchema>;
  /** For the linter: whether a name occurs in the sources, beside its declaration. Without it the model has no details. */
  readonly isMentioned?: (name: string) => boolean;
}

interface BuildOptions {
  /** The names that the targets accept. */
  readonly rules: NamingRules;
  readonly problems: Problems;
  /** That of earlier runs. */
  readonly cache?: ModelCache;
}

/**
 * Validates the default export of a schema module and builds its model.
 * @returns undefined if the default export is not an API
 */
export function buildApi(
  source: ApiSource,
  { rules, problems, cache = new ModelCache() }: BuildOptions,
): ApiModel | undefined {
  const part = new SchemaPart(source.api, source.hint, "");
  if (!part.isObject()) {
    problems.add(part.at, "", "the default export is not an API; write `export default defineApi({ ... })`");
    return undefined;
  }
  refuseUnknownKeys(part, "API", OPTIONS, problems);
  const { name, version, resources = {}, callbacks = {} } = part.value;
  const typeName = typeof name === "string" ? pascalCase(name) : "";
  if (typeof name !== "string" || !rules.isIdentifier(typeName)) {
    const message = 'missing or invalid API name; it must begin with a letter, such as `name: "notes"`';
    problems.add(part.child("name").at, "name", message);
  }
  if (typeof version !== "string" || version === "") {
    problems.add(part.child("version").at, "version", 'missing API version; add one, such as `version: "1.0.0"`');
  }
  const types = new TypeReader(source.exported, { rules, problems, cache });
  const context: BuildContext = { problems, types, names: new DerivedNames(), rules };
  const build = (key: string, value: unknown): readonly ResourceDraft[] =>
    buildResources(new SchemaPart(value, source.hint.child(key), key), context, cache);
  const drafts = { resources: build("resources", resources), callbacks: build("callbacks", callbacks) };
  refuseShared(drafts, context);
  const reserved = new ReservedNames(part, problems);
  for (const draft of [...drafts.resources, ...drafts.callbacks]) reserved.refuse(draft);
  if (drafts.resources.length === 0 && problems.count === 0) {
    problems.add(part.child("resources").at, "resources", "no resources; declare at least one");
  }
  context.names.check(context);
  return {
    name: String(name),
    at: part.at,
    typeName,
    version: String(version),
    ...describedBy(part.value, { doc: source.hint.doc }),
    reserved: reserved.texts,
    types: types.named.all,
    resources: drafts.resources.map(({ model }) => model),
    callbacks: drafts.callbacks.map(({ model }) => model),
    ...detailsOf(source, types),
  };
}

function detailsOf({ exported, isMentioned }: ApiSource, types: TypeReader): Pick<ApiModel, "details"> {
  if (isMentioned === undefined) return {};
  const unused = [...exported.values()].filter(
    ({ name, value }) =>
      "~kind" in value && types.named.declaredAt(pascalCase(name)) === undefined && !isMentioned(name),
  );
  return { details: { fields: types.fields, unused: unused.map(({ name, hint }) => ({ name, at: hint.at })) } };
}

function buildResources(part: SchemaPart, context: BuildContext, cache: ModelCache): readonly ResourceDraft[] {
  const { problems, rules } = context;
  if (!part.isObject()) {
    problems.add(part.at, part.path, "expected an object of resources by name");
    return [];
  }
  const byName = new Map<string, string>();
  const drafts: ResourceDraft[] = [];
  for (const key of Object.keys(part.value)) {
    const resource = part.child(key);
    const name = camelCase(key);
    const earlier = byName.get(name);
    const reason = rules.refuseResource(key) ?? rules.refuseResource(name);
    const refuse = (message: string) => problems.add(resource.at, resource.path, message);
    if (!rules.isIdentifier(name)) refuse(`invalid resource name "${key}"; it must begin with a letter`);
    else if (reason !== undefined) refuse(`the name ${key} ${reason}; rename the resource`);
    else if (earlier !== undefined)
      refuse(`generated code calls both this resource and ${part.path}.${earlier} ${name}; rename one`);
    if (earlier === undefined) byName.set(name, key);
    const { draft, reserved } = buildOnce(key, name, resource, { ...context, cache });
    for (const [type, path] of reserved) context.names.reserve(type, path);
    if (draft !== undefined) drafts.push(draft);
  }
  refuseOverlaps(drafts, problems);
  return drafts;
}

/** Builds a resource, or takes it from an earlier run. */
function buildOnce(key: string, name: string, part: SchemaPart, { cache, ...context }: CachedContext): BuiltResource {
  const build = (): BuiltResource => {
    const names = new DerivedNames();
    return { draft: buildResource(key, name, part, { ...context, names }), reserved: names.all };
  };
  return part.isObject() ? context.types.recorder.reuse(cache.resources, part, "", build) : build();
}

interface CachedContext extends BuildContext {
  readonly cache: ModelCache;
}

/** Each path must match one resource only. */
function refuseOverlaps(drafts: readonly ResourceDraft[], problems: Problems): void {
  for (const [index, draft] of drafts.entries()) {
    const other = drafts.slice(0, index).find(({ segments }) => pathsOverlap(segments, draft.segments));
    if (other !== undefined) problems.add(draft.pathAt, draft.model.declaredAs, `${overlap(draft, other)}; change one`);
  }
}

/**
 * Resources and callbacks share names and paths, so that generated code can name the types of both after them, and a
 * method id is unique.
 */
function refuseShared(
  { resources, callbacks }: Readonly<Record<"resources" | "callbacks", readonly ResourceDraft[]>>,
  { problems, rules }: BuildContext,
): void {
  for (const draft of callbacks) {
    const { name } = draft.model;
    const reason = rules.refuseCallback(name);
    if (reason !== undefined)
      problems.add(draft.at, draft.model.declaredAs, `the name ${name} ${reason}; rename the callback`);
    const namesake = resources.find(({ model }) => model.name === name);
    const other = resources.find(({ segments }) => pathsOverlap(segments, draft.segments));
    if (namesake !== undefined) {
      const message = `the resource ${namesake.model.declaredAs} has the same name; rename one`;
      problems.add(draft.at, draft.model.declaredAs, message);
    } else if (other !== undefined) {
      problems.add(draft.pathAt, draft.model.declaredAs, `${overlap(draft, other)}; change one`);
    }
  }
}

function overlap({ model }: ResourceDraft, other: ResourceDraft): string {
  return model.path === other.model.path
    ? `${other.model.declaredAs} also has the path "${model.path}"`
    : `some paths match both "${model.path}" and "${other.model.path}" of ${other.model.declaredAs}`;
}
