import { jsonCodec } from "../../codec/json.js";
import type { Method } from "../../contract/method.js";
import { WindowBudget } from "../../wire/flow-control.js";
import type { Limits } from "../../wire/limits.js";
import type { ConnectionSource } from "../connection/connection-source.js";
import { type BoundMethod, bindMethod } from "./bind-method.js";
import type { ClientInterceptor } from "./interceptor.js";

/** What the methods of one object have in common. */
export interface BindConfig {
  readonly connections: ConnectionSource;
  /** Milliseconds that a unary call may take where neither it nor its method says. */
  readonly timeout: number;
  readonly limits: Limits;
  /** Wrap the calls; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ClientInterceptor[];
}

/** Builds what generated interfaces describe: a property for each resource, with a function for each verb. */
export function bindMethods(
  methods: readonly Method[],
  { connections, timeout, limits, interceptors = [] }: BindConfig,
): Record<string, Record<string, BoundMethod>> {
  const windows = new WindowBudget(limits.windowGrowth);
  const resources: Record<string, Record<string, BoundMethod>> = Object.create(null);
  for (const [index, method] of methods.entries()) {
    const { metadata: maxMetadata, window } = limits;
    const binding = {
      connections,
      method,
      codec: jsonCodec,
      index,
      timeout,
      maxMetadata,
      window,
      windows,
      interceptors,
    };
    resources[method.resource] ??= {};
    const verbs = resources[method.resource] as Record<string, BoundMethod>;
    verbs[method.verb.toLowerCase()] = bindMethod(binding);
  }
  return resources;
}
