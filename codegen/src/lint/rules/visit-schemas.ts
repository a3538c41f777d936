import type { JsonSchema } from "sshrpc/contract";
import type { Position } from "../../base/problem.js";
import type { ApiModel, MethodModel, ResourceModel, StreamUse, TypeUse } from "../../model/api-model.js";
import { eachSubschema, isSchemaObject, refName } from "../../model/schema/schema-walk.js";

/** A schema in a model, with its place. */
interface PlacedSchema {
  readonly schema: JsonSchema;
  /** Such as `Note.tags[]`, or `resources.notes.GET.request.limit`. */
  readonly path: string;
  readonly at: Position;
  /** The name of the property or the type; that of an array for its items. */
  readonly name: string;
  /** Whether a part of a message has the schema; false inside conditions such as `not` and `if`. */
  readonly isValue: boolean;
}

/** A resource or a method in its resource. */
interface PlacedMethod {
  readonly resource: ResourceModel;
  readonly method: MethodModel;
  /** Such as `resources.note.GET`. */
  readonly path: string;
  /** Whether the server calls it, and the connecting side serves it. */
  readonly isCallback: boolean;
}

/** All resources, those of callbacks included. */
export function allResources({ resources, callbacks }: ApiModel): readonly ResourceModel[] {
  return [...resources, ...callbacks];
}

/** All methods, those of callbacks included. */
export function placedMethods(model: ApiModel): readonly PlacedMethod[] {
  return allResources(model).flatMap((resource) =>
    resource.methods.map((method) => ({
      resource,
      method,
      path: `${resource.declaredAs}.${method.verb}`,
      isCallback: model.callbacks.includes(resource),
    })),
  );
}

/** Every schema, each named type once: those of methods first. */
export function allSchemas(model: ApiModel): readonly PlacedSchema[] {
  const uses = placedMethods(model).flatMap(({ method, path }) => [
    ...usesOf(path, method, ["request", "requestStream", "response", "responseStream"]),
    ...method.errors.map((use) => placed(use, `${path}.errors.${use.status}`)),
  ]);
  const types = model.types.map((type) => placed(type, type.name));
  return [...uses, ...types].flatMap((root) => inside(root, model));
}

/** The schemas of what a server receives: requests, and the responses of callbacks; each named type once. */
export function receivedSchemas(model: ApiModel): readonly PlacedSchema[] {
  const types = new Map(model.types.map((type) => [type.name, placed(type, type.name)]));
  const pending = placedMethods(model).flatMap(({ method, path, isCallback }) =>
    usesOf(path, method, isCallback ? ["response", "responseStream"] : ["request", "requestStream"]),
  );
  const found: PlacedSchema[] = [];
  for (const root of pending) {
    for (const one of inside(root, model)) {
      found.push(one);
      const target = types.get(refName(one.schema) ?? "");
      if (target === undefined) continue;
      types.delete(target.path);
      pending.push(target);
    }
  }
  return found;
}

type UseKey = "request" | "requestStream" | "response" | "responseStream";

function usesOf(path: string, method: MethodModel, keys: readonly UseKey[]): readonly PlacedSchema[] {
  return keys.flatMap((key) => {
    const use: StreamUse | undefined = method[key];
    return use === undefined || use === "bytes" ? [] : [placed(use, `${path}.${key}`)];
  });
}

function placed({ schema, at, name }: Pick<TypeUse, "schema" | "at" | "name">, path: string): PlacedSchema {
  return { schema, at, name, path, isValue: true };
}

/** A schema and all inside it, without those that it refers to. */
function inside(root: PlacedSchema, model: ApiModel): readonly PlacedSchema[] {
  const found: PlacedSchema[] = [];
  const visit = (one: PlacedSchema): void => {
    found.push(one);
    const { schema, path, at } = one;
    const fields = model.details?.fields.get(schema["properties"] as object) ?? {};
    eachSubschema(schema, (sub, keyword, key) => {
      if (!isSchemaObject(sub)) return;
      if (keyword === "properties") {
        const field = String(key);
        visit({ ...one, schema: sub, path: `${path}.${field}`, at: fields[field] ?? at, name: field });
      } else {
        const isValue = one.isValue && !CONDITIONS.has(keyword);
        visit({ ...one, schema: sub, path: `${path}${PATHS[keyword] ?? ""}`, isValue });
      }
    });
  };
  visit(root);
  return found;
}

/** Keywords whose schemas say something of a value, and do not describe it. */
const CONDITIONS = new Set(["not", "if", "contains", "propertyNames"]);

const PATHS: Readonly<Record<string, string>> = {
  items: "[]",
  additionalItems: "[]",
  additionalProperties: "[*]",
  patternProperties: "[*]",
};
