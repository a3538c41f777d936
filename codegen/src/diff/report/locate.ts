import type { Position } from "../../base/problem.js";
import type { ApiModel, MethodModel, StreamUse, TypeUse } from "../../model/api-model.js";
import type { Change } from "../rules/change.js";
import type { Source } from "../sources/source.js";

/** The line of a change in the schema of the new contract; the first line of a file of another kind. */
export function locate(change: Change, { model, file, label }: Source): Position {
  if (model === undefined) return { file: file ?? label, line: 1, column: 1 };
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
