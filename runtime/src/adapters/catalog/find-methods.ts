import { nearest } from "../../base/nearest.js";
import type { Method } from "../../contract/method.js";
import { matchPath, parsePath } from "../../contract/path.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isVerb, VERBS } from "../../contract/verb.js";
import type { Catalog } from "./catalog.js";
import { nearestPath } from "./nearest-path.js";

/**
 * The methods that a topic means: a resource's name, a path with parameters or with values, with a verb or without; no
 * topic means all. By path, then verb.
 * @throws RpcError NOT_FOUND where nothing that the peer may call has that name, with the nearest name
 */
export function findMethods(topic: readonly string[], catalogue: Catalog): readonly Method[] {
  const methods = catalogue.methods.toSorted((a, b) => order(a, b));
  if (topic.length === 0) return methods;
  const [verb, name = ""] = isVerb(topic[0] as string) ? topic : [undefined, topic[0]];
  const found = methods.filter((method) => (verb === undefined || method.verb === verb) && isCalled(method, name));
  if (found.length > 0) return found;
  const names = new Set(methods.map(({ resource }) => resource));
  const near = name.startsWith("/") ? nearestPath(name, catalogue.paths) : nearest(name, names);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new RpcError(
    "NOT_FOUND",
    `there is nothing to call as ${JSON.stringify(topic.join(" ").slice(0, 200))}${hint}`,
  );
}

function isCalled({ resource, path }: Method, name: string): boolean {
  if (resource === name || path === name) return true;
  return name === "" || (name.startsWith("/") && matchPath(parsePath(path), name) !== undefined);
}

function order(a: Method, b: Method): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb);
}
