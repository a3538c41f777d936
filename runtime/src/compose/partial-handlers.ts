import { RpcError } from "../contract/rpc-error.js";
import type { ApiHandlers } from "../server/api-handlers.js";

/** Any subset of the handlers of an API: each resource and each method may be absent. */
export type PartialHandlers<Handlers> = {
  readonly [Resource in keyof Handlers]?: { readonly [Name in keyof Handlers[Resource]]?: Handlers[Resource][Name] };
};

/**
 * Handlers of which a test implements only those that it needs, with the types of the API. Calls of the others are
 * UNIMPLEMENTED. With {@link inMemory} they make a fake client that has `.safe`, streams, and the checks of the schema.
 *
 * @param defineHandlers the function of that name in the generated `server.ts`
 * @example
 * const server = inMemory(partialHandlers(defineHandlers, { note: { get: ({ id }) => ({ id, text: "milk" }) } }));
 * await using client = await connect(server);
 */
export function partialHandlers<Handlers extends object, Callbacks>(
  defineHandlers: (handlers: Handlers) => ApiHandlers<Callbacks>,
  handlers: PartialHandlers<Handlers>,
): ApiHandlers<Callbacks> {
  const complete = new Proxy(handlers, {
    get: (_, resource: string) => completeResource(resource, handlers[resource as keyof Handlers] ?? {}),
  });
  return defineHandlers(complete as Handlers);
}

function completeResource(resource: string, methods: object): object {
  return new Proxy(methods, {
    get: (_, name: string) => Reflect.get(methods, name) ?? missing(`${resource}.${name}`),
  });
}

function missing(name: string): () => never {
  return () => {
    throw new RpcError("UNIMPLEMENTED", `the test has no handler ${name}`);
  };
}
