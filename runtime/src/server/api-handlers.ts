import type { Api } from "../contract/method.js";
import type { Context } from "./call/context.js";

/** A handler without its types, which generated interfaces declare. */
export type AnyHandler = (request: unknown, ctx: Context) => unknown;

/**
 * Handlers bound to the API that they implement. `Callbacks` has the methods that the schema declares for the connecting
 * side.
 */
export interface ApiHandlers<Callbacks = undefined> {
  readonly api: Api;
  /** By method id. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** Always absent: carries the type only. */
  readonly "~callbacks"?: Callbacks;
}

/**
 * Binds an object of handlers, such as `{ note: { get, delete } }`, to its API; bound handlers are returned unchanged.
 * Generated code calls it. The checks are for programs in JavaScript.
 * @throws Error that lists the missing handlers, or names the other API of bound handlers
 */
export function bindHandlers<Callbacks = undefined>(api: Api, handlers: object): ApiHandlers<Callbacks> {
  if (isApiHandlers(handlers)) {
    if (handlers.api.hash === api.hash) return handlers as ApiHandlers<Callbacks>;
    throw new Error(
      `wrong handlers: they implement ${handlers.api.name} ${handlers.api.version}, not ${api.name} ${api.version}`,
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
  if (missing.length > 0) throw new Error(`${api.name}: missing handlers: ${missing.join(", ")}`);
  return { api, handlers: bound };
}

/** Whether a value, such as the default export of a file, is the result of {@link bindHandlers}. */
export function isApiHandlers(value: unknown): value is ApiHandlers {
  const candidate = value as Partial<ApiHandlers> | null | undefined;
  return candidate?.handlers instanceof Map && typeof candidate.api?.hash === "string";
}
