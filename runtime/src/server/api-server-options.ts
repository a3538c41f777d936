import { MAX_TIMEOUT } from "../base/check-number.js";
import type { Logger } from "../base/log.js";
import type { Peer } from "../base/peer.js";
import type { StatusName } from "../contract/status.js";
import { type Limits, UNARY_TIMEOUT } from "../wire/limits.js";
import type { DispatchConfig } from "./call/call-context.js";
import type { ServerInterceptor } from "./call/interceptor.js";

/** The record of a call. It has the sizes of the messages, never their content. */
export interface ServedCall {
  readonly peer: Peer;
  /** The id of the method, such as `GET /notes/{id}`; for an unknown method, the caller's reference. */
  readonly method: string;
  readonly status: StatusName;
  /** Until the final status, or the loss of the connection, which counts as CANCELLED. */
  readonly milliseconds: number;
  /** Bytes of the request and its items. */
  readonly bytesIn: number;
  /** Bytes of the response and its items. */
  readonly bytesOut: number;
}

/** How a server answers the calls of all adapters. */
export interface ApiServerOptions {
  /**
   * Milliseconds that a unary call may take where neither its caller nor its method sets a timeout; streams have no default
   * timeout. Default: 30,000.
   */
  readonly timeout?: number;
  /** Bounds of messages, calls and streams; see {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** Wrap every call, of every kind; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /**
   * Called with the record of each call when it has its status, including refused calls. It must be fast; an error that it
   * throws is logged. Default: none.
   */
  readonly onCall?: (call: ServedCall) => void;
  /** Sends callers the message and stack of undeclared errors. For development only. Default: false. */
  readonly exposeErrors?: boolean;
}

/** Applies the defaults. @throws Error with the name and value of an invalid option */
export function dispatchConfig(options: ApiServerOptions & { readonly log: Logger }, limits: Limits): DispatchConfig {
  return {
    timeout: checkTimeout(options.timeout ?? UNARY_TIMEOUT),
    exposeErrors: options.exposeErrors ?? false,
    maxMetadata: limits.metadata,
    interceptors: options.interceptors ?? [],
    log: options.log,
  };
}

function checkTimeout(timeout: number): number {
  if (timeout > 0 && timeout <= MAX_TIMEOUT) return timeout;
  throw new Error(`timeout: ${timeout}: must be over 0 ms and at most ${MAX_TIMEOUT} ms`);
}
