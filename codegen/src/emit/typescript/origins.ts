import { kept } from "../../base/kept.js";
import type { Position } from "../../base/problem.js";
import { type ApiModel, allMethods, type ResourceModel } from "../../model/api-model.js";
import type { Origin } from "./declaration-map.js";
import { methodName } from "./method-members.js";
import { CALLBACK_HANDLERS, errorTypeNames } from "./naming.js";
import { sentTypes } from "./sent-types.js";
import { ownTypes } from "./type-use.js";

/** Where the schema declares what `client.d.ts` and `server.d.ts` name. */
export function methodOrigins(model: ApiModel): ReadonlyMap<string, Origin> {
  const { at, typeName, resources, callbacks } = model;
  const ofResources = (list: readonly ResourceModel[]): Origin => ({
    at,
    members: positions(list, ({ name }) => name),
  });
  return new Map<string, Origin>([
    [`${typeName}Client`, ofResources(resources)],
    ["Handlers", ofResources(resources)],
    ["Callbacks", ofResources(callbacks)],
    [CALLBACK_HANDLERS, ofResources(callbacks)],
    ...[...resources, ...callbacks].flatMap((resource) => {
      const origin = {
        at: resource.at,
        members: kept(members, resource, () => positions(resource.methods, methodName)),
      };
      return ["Methods", "Handlers"].map((suffix): [string, Origin] => [resource.typeName + suffix, origin]);
    }),
  ]);
}

/** Where the schema declares what `types.d.ts` names. */
export function typeOrigins(model: ApiModel): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const { name, at, fields } of model.types) origins.set(name, { at, members: fields });
  for (const method of allMethods(model)) {
    for (const { name, at, fields } of ownTypes(method)) origins.set(name, { at, members: fields });
    if (method.errors.length === 0) continue;
    const errors = {
      at: method.at,
      members: kept(members, method, () => positions(method.errors, ({ status }) => status)),
    };
    for (const name of Object.values(errorTypeNames(method.typeName))) origins.set(name, errors);
  }
  for (const [name, input] of sentTypes(model)) {
    const origin = origins.get(name);
    if (origin !== undefined) origins.set(input, origin);
  }
  return origins;
}

type Positions = Readonly<Record<string, Position>>;

/** Those of earlier runs: a watch keeps the models of what has not changed. */
const members = new WeakMap<object, Positions>();

function positions<Item extends { readonly at: Position }>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
): Positions {
  return Object.fromEntries(items.map((item) => [nameOf(item), item.at]));
}
