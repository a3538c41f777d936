import type { Limits } from "../wire/limits.js";
import type { ServerInterceptor } from "./call/interceptor.js";
import type { ServedCall } from "./call/served-call.js";

/** How a server answers, whatever the way in. */
export interface ApiServerOptions {
  /**
   * Milliseconds that a unary call may take where its caller and its method do not say; one that streams has no limit then.
   * Default: 30,000.
   */
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
