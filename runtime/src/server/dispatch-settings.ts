import type { Logger } from "../log.js";
import type { Limits } from "../wire/limits.js";
import type { DispatchSettings } from "./dispatch.js";
import type { ServerInterceptor } from "./interceptor.js";
import type { ServedCall } from "./served-call.js";

/** How a server answers, whatever the way in. */
export interface ApiServerOptions {
  /** Milliseconds that a call may take where its caller and its method do not say. Default: 30,000. */
  readonly timeout?: number;
  /** See {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** Wrap every call, of every kind; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /**
   * Told of each call when it has its status, whatever way it came, also of those that are refused. It is called for
   * every call, so it must be quick; what it throws is logged. Default: nobody is told.
   */
  readonly onCall?: (call: ServedCall) => void;
  /** Tells callers what an undeclared error says, with its stack. For development only. Default: false. */
  readonly exposeErrors?: boolean;
}

/** Milliseconds that a call may take where nobody says. */
const DEFAULT_TIMEOUT = 30_000;

/** Fills in the defaults. @throws Error that names an option and its value where it is impossible */
export function dispatchSettings(
  options: ApiServerOptions & { readonly log: Logger },
  limits: Limits,
): DispatchSettings {
  return {
    timeout: checkTimeout(options.timeout ?? DEFAULT_TIMEOUT),
    exposeErrors: options.exposeErrors ?? false,
    metadata: limits.metadata,
    interceptors: options.interceptors ?? [],
    log: options.log,
  };
}

function checkTimeout(timeout: number): number {
  if (timeout > 0 && timeout <= 0x7fff_ffff) return timeout;
  throw new Error(`timeout is ${timeout}; it is in milliseconds, over 0 and at most ${0x7fff_ffff}`);
}
