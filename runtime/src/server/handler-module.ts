import { nearest } from "../base/nearest.js";
import type { Api } from "../contract/method.js";
import type { AnyHandler } from "./api-handlers.js";

/** Handlers of some methods of an API: the default export of a module in the folder of `sshrpc serve --handlers`. */
export interface HandlerModule {
  readonly api: Api;
  /** By method id. */
  readonly part: ReadonlyMap<string, AnyHandler>;
}

/**
 * Binds an object with handlers of one or more methods, such as `{ note: { get } }`, to its API. Generated code calls it.
 * @throws Error that lists unknown resources and methods, and what is not a function
 */
export function bindModule(api: Api, handlers: object): HandlerModule {
  const part = new Map<string, AnyHandler>();
  const problems: string[] = [];
  const resources = new Set(api.methods.map(({ resource }) => resource));
  for (const [resource, group] of Object.entries(handlers) as [string, Readonly<Record<string, unknown>>][]) {
    if (!resources.has(resource)) {
      problems.push(unknown("resource", resource, resources));
      continue;
    }
    const methods = new Map(
      api.methods.flatMap((method) => (method.resource === resource ? [[method.verb.toLowerCase(), method.id]] : [])),
    );
    for (const [name, handler] of Object.entries(group ?? {})) {
      const id = methods.get(name);
      if (id === undefined) problems.push(unknown("method", `${resource}.${name}`, methods.keys(), `${resource}.`));
      else if (typeof handler !== "function") problems.push(`${resource}.${name} (${id}) is not a function`);
      else part.set(id, handler.bind(group) as AnyHandler);
    }
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
  if (part.size === 0) throw new Error("the module has no handler");
  return { api, part };
}

/** Whether a value, such as the default export of a file, is the result of {@link bindModule}. */
export function isHandlerModule(value: unknown): value is HandlerModule {
  const candidate = value as Partial<HandlerModule> | null | undefined;
  return candidate?.part instanceof Map && typeof candidate.api?.hash === "string";
}

/** Names the nearest known name, or all of them where none is similar. */
function unknown(what: string, name: string, known: Iterable<string>, prefix = ""): string {
  const names = [...known].map((one) => prefix + one);
  const near = nearest(name, names);
  const advice = near === undefined ? `known: ${names.join(", ")}` : `did you mean ${near}?`;
  return `unknown ${what} ${name} (${advice})`;
}
