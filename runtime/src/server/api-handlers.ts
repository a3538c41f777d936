import type { Api } from "../contract/method.js";
import type { Context } from "./call/context.js";

/** A handler as the runtime calls it: generated interfaces give it its types. */
export type AnyHandler = (request: unknown, ctx: Context) => unknown;

/**
 * Handlers bound to the API they implement: what can be served. `Callbacks` has the methods that the schema declares for
 * the connecting side.
 */
export interface ApiHandlers<Callbacks = undefined> {
  readonly api: Api;
  /** By method id. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** Never there: it only carries the type. */
  readonly "~callbacks"?: Callbacks;
}

/**
 * Binds an object of handlers, such as `{ note: { get, delete } }`, to its API; those that are bound already are taken as
 * they are. Generated code calls it.
 * @throws Error that lists every handler which is missing or is no function, or says that these are another API's:
 * JavaScript has no compiler to say so
 */
export function bindHandlers<Callbacks = undefined>(api: Api, handlers: object): ApiHandlers<Callbacks> {
  if (isApiHandlers(handlers)) {
    if (handlers.api.hash === api.hash) return handlers as ApiHandlers<Callbacks>;
    throw new Error(
      `these are the handlers of ${handlers.api.name} ${handlers.api.version}, not of ${api.name} ${api.version}`,
    );
  }
  const bound = new Map<string, AnyHandler>();
  const missing: string[] = [];
  for (const { id, resource, verb } of api.methods) {
    const name = verb.toLowerCase();
    const group = (handlers as Record<string, Record<string, unknown> | undefined>)[resource];
    const handler = group?.[name];
    if (typeof handler === "function") bound.set(id, handler.bind(group) as AnyHandler);
    else missing.push(`${resource}.${name} (${id})`);
  }
  if (missing.length > 0) throw new Error(`${api.name}: no handler for ${missing.join(", ")}`);
  return { api, handlers: bound };
}

/** Whether a value, such as the default export of a file, is what {@link bindHandlers} gives. */
export function isApiHandlers(value: unknown): value is ApiHandlers {
  const candidate = value as Partial<ApiHandlers> | null | undefined;
  return candidate?.handlers instanceof Map && typeof candidate.api?.hash === "string";
}
