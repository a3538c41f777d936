import type { Api, Method } from "../contract/method.js";
import { matchPath, paramValue, parsePath, type Segment } from "../contract/path.js";
import { RpcError } from "../contract/rpc-error.js";
import { VERBS } from "../contract/verb.js";
import type { AnyHandler, ApiHandlers } from "./api-handlers.js";
import { excerpt } from "./call/excerpt.js";

/** Where a call goes: the method, its handler, and the fields of the request that the path gave. */
export interface Route {
  readonly method: Method;
  readonly handler: AnyHandler;
  readonly params: Readonly<Record<string, unknown>> | undefined;
}

interface Resource {
  readonly segments: readonly Segment[];
  readonly byVerb: Map<string, Route>;
}

/**
 * Finds the method that a caller means. It knows nothing of how the call came: every way in asks the same router, so
 * that a name which is unknown on one is unknown on all.
 */
export class Router {
  readonly #byId = new Map<string, Route>();
  readonly #resources = new Map<string, Resource>();

  constructor({ api, handlers }: ApiHandlers<unknown>) {
    for (const method of api.methods) this.#add(api, method, handlers.get(method.id));
  }

  /**
   * Finds the method that `GET /notes/{id}` names, or the one that `GET /notes/42` matches.
   * @throws RpcError NOT_FOUND, or METHOD_NOT_ALLOWED with the verbs that the resource answers
   */
  resolve(reference: string): Route {
    return this.#byId.get(reference) ?? this.#match(reference);
  }

  /** As {@link resolve}, with the error as a value. */
  find(reference: string): Route | RpcError {
    try {
      return this.resolve(reference);
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
  }

  #add(api: Api, method: Method, handler: AnyHandler | undefined): void {
    if (handler === undefined) throw new Error(`${api.name}: ${method.id} has no handler`);
    const route: Route = { method, handler, params: undefined };
    this.#byId.set(method.id, route);
    const resource = this.#resources.get(method.path) ?? { segments: parsePath(method.path), byVerb: new Map() };
    resource.byVerb.set(method.verb, route);
    this.#resources.set(method.path, resource);
  }

  #match(reference: string): Route {
    const space = reference.indexOf(" ");
    const verb = reference.slice(0, Math.max(0, space));
    const path = space < 0 ? "" : reference.slice(space + 1);
    const template = this.#resources.get(path);
    if (template !== undefined) throw notAllowed(verb, path, template);
    for (const resource of this.#resources.values()) {
      const texts = matchPath(resource.segments, path);
      if (texts === undefined) continue;
      const route = resource.byVerb.get(verb);
      if (route === undefined) throw notAllowed(verb, path, resource);
      return { ...route, params: paramValues(texts, route.method) };
    }
    const hint = path === "" || path.startsWith("/") ? "" : ': a path begins with "/"';
    const named = excerpt(path === "" ? JSON.stringify(reference) : path);
    throw new RpcError("NOT_FOUND", `there is no resource ${named}${hint}`);
  }
}

function notAllowed(verb: string, path: string, resource: Resource): RpcError {
  const verbs = VERBS.filter((known) => resource.byVerb.has(known));
  return new RpcError(
    "METHOD_NOT_ALLOWED",
    `${excerpt(path)} does not answer ${excerpt(verb)}; it answers ${verbs.join(", ")}`,
    {
      details: { verbs },
    },
  );
}

function paramValues(texts: Readonly<Record<string, string>>, method: Method): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, paramValue(text, method.params[name] ?? "string")]),
  );
}
