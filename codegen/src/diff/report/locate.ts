import type { Contract } from "sshrpc/contract";
import type { Position } from "../../base/problem.js";
import type { ApiModel, MethodModel, StreamUse, TypeUse } from "../../model/api-model.js";
import type { Change } from "../rules/change.js";
import type { Source } from "../sources/source.js";
import { JsonPositions } from "./json-positions.js";

/** Finds the line of a change in the new contract: in its schema or its api.json; undefined for one of a commit or a server. */
export function locator({ model, json, contract }: Source): (change: Change) => Position | undefined {
  if (model !== undefined) return (change) => inModel(change, model);
  if (json === undefined) return () => undefined;
  const positions = new JsonPositions(json.file, json.text);
  return (change) => positions.at(keysOf(change, contract));
}

function inModel(change: Change, model: ApiModel): Position {
  const { type, property } = change.place;
  const method = methodOf(change, model);
  if (method === undefined) return ownerOf(change, model);
  const named = type === undefined ? undefined : model.types.find(({ name }) => name === type);
  const origin: Pick<TypeUse, "at" | "fields"> = named ?? useOf(change, method) ?? { at: method.at, fields: {} };
  return (property === undefined ? undefined : origin.fields[property]) ?? origin.at;
}

function methodOf({ method, isCallback }: Change, model: ApiModel): MethodModel | undefined {
  const resources = isCallback ? model.callbacks : model.resources;
  return resources.flatMap(({ methods }) => methods).find(({ id }) => id === method);
}

/** For a method that is gone: its resource, or the API. */
function ownerOf({ method, new: next }: Change, model: ApiModel): Position {
  const all = [...model.resources, ...model.callbacks];
  const renamed = all.flatMap(({ methods }) => methods).find(({ id }) => id === next);
  const path = method.slice(method.indexOf(" ") + 1);
  return renamed?.at ?? all.find((resource) => resource.path === path)?.at ?? model.at;
}

function useOf({ direction, status }: Change, method: MethodModel): TypeUse | undefined {
  const typed = (use: StreamUse | undefined): TypeUse | undefined => (use === "bytes" ? undefined : use);
  switch (direction) {
    case "request":
      return method.request;
    case "request item":
      return typed(method.requestStream);
    case "response":
      return method.response;
    case "response item":
      return typed(method.responseStream);
    case "error details":
      return method.errors.find((error) => error.status === status);
    case "method":
      return undefined;
  }
}

/** The keys of the changed part in an api.json; of a method that is gone, those of its successor or its resource. */
function keysOf({ method, isCallback, direction, status, place, new: next }: Change, contract: Contract): string[] {
  const { type, property } = place;
  const properties = property === undefined ? [] : ["properties", property];
  if (type !== undefined && contract.types[type] !== undefined) return ["types", type, ...properties];
  const key = isCallback ? "callbacks" : "resources";
  const all = Object.entries(contract[key]);
  const keysOfMethod = (id: unknown): string[] | undefined => {
    const [verb = "", path] = String(id).split(" ");
    const resource = all.find(([, one]) => one.path === path && Object.hasOwn(one.methods, verb));
    return resource && [key, resource[0], "methods", verb];
  };
  const own = keysOfMethod(method);
  if (own !== undefined) return [...own, ...PARTS[direction], ...(status === undefined ? [] : [status]), ...properties];
  const owner = all.find(([, { path }]) => method.endsWith(` ${path}`));
  return keysOfMethod(next) ?? (owner === undefined ? [key] : [key, owner[0]]);
}

const PARTS: Readonly<Record<Change["direction"], readonly string[]>> = {
  request: ["request"],
  "request item": ["requestStream"],
  response: ["response"],
  "response item": ["responseStream"],
  "error details": ["errors"],
  method: [],
};
