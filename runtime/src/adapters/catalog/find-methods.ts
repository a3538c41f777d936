import { nearest } from "../../base/nearest.js";
import { BUILT_IN_API } from "../../contract/built-in/built-in-api.js";
import type { Api, Method } from "../../contract/method.js";
import { matchPath, parsePath } from "../../contract/path.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isVerb, VERBS } from "../../contract/verb.js";
import type { Catalog } from "./catalog.js";
import { nearestPath } from "./nearest-path.js";

/** Methods, and the API that they belong to. */
interface FoundMethods {
  readonly api: Api;
  readonly methods: readonly Method[];
}

/**
 * The methods that a topic names, sorted by path and verb: a resource's name, or a path with parameters or with values,
 * optionally with a verb. An empty topic names all methods of the contract. Methods of the contract precede built-in ones.
 * @throws RpcError NOT_FOUND with the nearest name, where the peer may call no method of that name
 */
export function findMethods(topic: readonly string[], catalog: Catalog): FoundMethods {
  const { api } = catalog;
  const methods = catalog.methods.toSorted(compareMethods);
  if (topic.length === 0) return { api, methods };
  const [verb, name = ""] = isVerb(topic[0] as string) ? topic : [undefined, topic[0]];
  const isMeant = (method: Method): boolean => (verb === undefined || method.verb === verb) && isNamed(method, name);
  const found = methods.filter(isMeant);
  if (found.length > 0) return { api, methods: found };
  const builtIn = catalog.builtIn.filter(isMeant);
  if (name !== "" && builtIn.length > 0) return { api: BUILT_IN_API, methods: builtIn };
  const names = new Set(methods.map(({ resource }) => resource));
  const near = name.startsWith("/") ? nearestPath(name, catalog.pathsNear(name)) : nearest(name, names);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new RpcError("NOT_FOUND", `unknown resource or method ${JSON.stringify(topic.join(" ").slice(0, 200))}${hint}`);
}

function isNamed({ resource, path }: Method, name: string): boolean {
  if (resource === name || path === name) return true;
  return name === "" || (name.startsWith("/") && matchPath(parsePath(path), name) !== undefined);
}

function compareMethods(a: Method, b: Method): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb);
}
