import { MAX_TIMEOUT } from "../../base/check-number.js";
import type { Logger } from "../../base/log.js";
import type { Limits } from "../../wire/limits.js";
import type { ApiServerOptions } from "../api-server-options.js";
import type { ServerInterceptor } from "./interceptor.js";

/** What all calls of a server share. */
export interface DispatchConfig {
  /** Milliseconds that a unary call may take where its caller and its method do not say. */
  readonly timeout: number;
  /** Whether callers see what an undeclared error says, with its stack: for development only. */
  readonly exposeErrors: boolean;
  /** Bytes of the headers that a handler sends, and of its trailers. */
  readonly metadata: number;
  readonly interceptors: readonly ServerInterceptor[];
  readonly log: Logger;
}

/** Milliseconds that a unary call may take where nobody says. */
const DEFAULT_TIMEOUT = 30_000;

/** Fills in the defaults. @throws Error that names an option and its value where it is impossible */
export function dispatchConfig(options: ApiServerOptions & { readonly log: Logger }, limits: Limits): DispatchConfig {
  return {
    timeout: checkTimeout(options.timeout ?? DEFAULT_TIMEOUT),
    exposeErrors: options.exposeErrors ?? false,
    metadata: limits.metadata,
    interceptors: options.interceptors ?? [],
    log: options.log,
  };
}

function checkTimeout(timeout: number): number {
  if (timeout > 0 && timeout <= MAX_TIMEOUT) return timeout;
  throw new Error(`timeout is ${timeout}; it is in milliseconds, over 0 and at most ${MAX_TIMEOUT}`);
}
