import type { Api, Method } from "../contract/method.js";
import { isReservedPath, matchPath, paramValue, parsePath, type Segment } from "../contract/path.js";
import { RpcError } from "../contract/rpc-error.js";
import { VERBS } from "../contract/verb.js";
import { MAX_REFERENCE } from "../wire/hello.js";
import type { AnyHandler, ApiHandlers } from "./api-handlers.js";
import { excerpt } from "./call/excerpt.js";
import type { Route } from "./call/route.js";

interface Resource {
  readonly segments: readonly Segment[];
  readonly byVerb: Map<string, Route>;
}

/** Finds the method of a reference. All adapters use the same router, so that a reference is valid in all or in none. */
export class Router {
  readonly api: Api;
  readonly #byId = new Map<string, Route>();
  readonly #resources = new Map<string, Resource>();

  /** @param builtIn the methods beside those of the contract, which have the reserved paths */
  constructor({ api, handlers }: ApiHandlers<unknown>, builtIn?: ApiHandlers<unknown>) {
    this.api = api;
    for (const method of api.methods) {
      if (isReservedPath(method.path)) throw new Error(`${api.name}: ${method.id}: paths below /sshrpc/ are reserved`);
      this.#add(api, method, handlers.get(method.id));
    }
    if (builtIn === undefined) return;
    for (const method of builtIn.api.methods) this.#add(builtIn.api, method, builtIn.handlers.get(method.id));
  }

  /**
   * Finds the method that `GET /notes/{id}` names, or the one that `GET /notes/42` matches.
   * @throws RpcError NOT_FOUND, or METHOD_NOT_ALLOWED with the verbs of the resource
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
    if (handler === undefined) throw new Error(`${api.name}: missing handler: ${method.id}`);
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
    const isReserved = isReservedPath(path);
    for (const [known, resource] of this.#resources) {
      if (isReservedPath(known) !== isReserved) continue;
      const texts = matchPath(resource.segments, path);
      if (texts === undefined) continue;
      const route = resource.byVerb.get(verb);
      if (route === undefined) throw notAllowed(verb, path, resource);
      return { ...route, params: paramValues(texts, route.method) };
    }
    const hint = path === "" || path.startsWith("/") ? "" : ': a path must begin with "/"';
    const named = excerpt(path === "" ? JSON.stringify(reference) : path);
    throw new RpcError("NOT_FOUND", `unknown resource ${named}${hint}`);
  }
}

/** The error of a reference that is too long to be looked up. */
export function referenceError({ length }: string): RpcError | undefined {
  if (length <= MAX_REFERENCE) return undefined;
  return new RpcError("MESSAGE_TOO_LARGE", `verb and path have ${length} characters; the limit is ${MAX_REFERENCE}`);
}

function notAllowed(verb: string, path: string, resource: Resource): RpcError {
  const verbs = VERBS.filter((known) => resource.byVerb.has(known));
  const message = `${excerpt(path)}: unsupported verb ${excerpt(verb)}; supported: ${verbs.join(", ")}`;
  return new RpcError("METHOD_NOT_ALLOWED", message, { details: { verbs } });
}

function paramValues(texts: Readonly<Record<string, string>>, method: Method): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, paramValue(text, method.params[name] ?? "string")]),
  );
}
