import type { KeyQuotas } from "../base/accounts/quotas.js";
import { MAX_TIMEOUT } from "../base/check-number.js";
import { OptionError } from "../base/check-options.js";
import type { Logger } from "../base/log.js";
import { combineObservers } from "../base/observer/combine-observers.js";
import { peerFields } from "../base/observer/line-fields.js";
import type { CallEnded, Observer } from "../base/observer/observer.js";
import { REFUSAL_LINES, RefusalLines } from "../base/observer/refusal-lines.js";
import { printable } from "../base/printable.js";
import { wrongNumber } from "../base/wrong-type.js";
import type { UndeclaredProperties } from "../codec/check-declared.js";
import type { DriftPolicy } from "../contract/drift-policy.js";
import type { StatusName } from "../contract/status.js";
import { type Limits, UNARY_TIMEOUT } from "../wire/limits.js";
import type { HealthFunction } from "./built-in/health-check.js";
import type { DispatchConfig } from "./call/call-context.js";
import type { ServerInterceptor } from "./call/interceptor.js";
import { StuckHandlers } from "./call/stuck-handlers.js";
import { runOnce } from "./keyed/run-once.js";
import type { Ledger } from "./ledger/ledger.js";
import type { LedgerOptions } from "./ledger/ledger-options.js";

/** The record of a call at a server. */
export interface ServedCall extends CallEnded {
  readonly status: StatusName;
}

/** How a server answers the calls of all adapters. */
export interface ApiServerOptions {
  /**
   * Timeout in ms of a unary call if neither its caller nor its method sets one; streams have no default timeout. Default:
   * 30,000.
   */
  readonly timeout?: number;
  /** Bounds of messages, calls and streams; see {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /**
   * What one key may hold, over all its connections: a public key, a certificate (by its key id), the user of a password; without a login,
   * an address. The option `limits` of a line in authorized_keys replaces it for a key.
   */
  readonly perKey?: KeyQuotas;
  /** Wrap every call, of every kind; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /**
   * Called when a call has its status, also a refused call, with the record of the call; the same as `callEnded` of an
   * observer. It must be fast; an error that it throws is logged. Default: none.
   */
  readonly onCall?: (call: ServedCall) => void;
  /**
   * Receives the events of the server, for metrics, spans or logs: one {@link Observer} or several. What one throws is logged.
   * Default: none.
   */
  readonly observer?: Observer | readonly Observer[];
  /**
   * What happens where a client was built with another contract. `"warn"`: the log and the observer get its version, once for each key and
   * contract, with the callbacks that differ. `"refuse"`: calls of these callbacks also fail with UNIMPLEMENTED, before they are sent, and
   * those of a client that cannot compare, as one of an earlier version of sshrpc, all fail. `"ignore"`: nothing. Default: warn.
   */
  readonly contractDrift?: DriftPolicy;
  /**
   * Whether the server is ready, for `GET /sshrpc/health`: it is not where the function throws, returns false, or a text, which is the
   * reason. Monitors get the message of an RpcError; other errors are logged. Called while a monitor asks, once at a time; the signal
   * aborts at the timeout. Default: always ready.
   */
  readonly health?: HealthFunction;
  /** Timeout in ms of `health`; later, the server is not ready. Default: 2,000. */
  readonly healthTimeout?: number;
  /**
   * Where calls with an idempotency key, and their outcomes, are kept, so that a caller that has lost its connection can send such a call
   * again: in memory; in a file, which outlives the process; in a {@link Ledger} of your own; or nowhere (false). Default: in memory,
   * for 10 minutes.
   */
  readonly ledger?: false | LedgerOptions | Ledger;
  /** Sends callers the message and stack of undeclared errors. For development only. Default: false. */
  readonly exposeErrors?: boolean;
  /**
   * What happens to properties that a handler returns and the schema does not declare, in responses, items and details of declared
   * errors: `"drop"` leaves them out; `"refuse"` ends the call with INTERNAL, and the log names the property. Default: drop.
   */
  readonly undeclaredProperties?: UndeclaredProperties;
}

interface DispatchOptions extends ApiServerOptions {
  readonly log: Logger;
  /** See `refusalLines` of a server with an audit log. */
  readonly refusalLines?: number | undefined;
  /** See {@link DispatchConfig.refusal}. */
  readonly refusal?: DispatchConfig["refusal"];
}

/** Applies the defaults; without a ledger. @throws OptionError with the name and value of an invalid option */
export function dispatchConfig(options: DispatchOptions, limits: Limits): DispatchConfig {
  const observer = observerOf(options);
  return {
    timeout: checkTimeout(options.timeout ?? UNARY_TIMEOUT),
    exposeErrors: options.exposeErrors ?? false,
    undeclaredProperties: checkUndeclared(options.undeclaredProperties ?? "drop"),
    maxMetadata: limits.metadata,
    shape: limits,
    interceptors: options.interceptors ?? [],
    log: options.log,
    failures: failureLines(options),
    refusal: options.refusal,
    runOnce: runOnce(undefined),
    runCall: observer.runCall,
    stuck: new StuckHandlers(limits, observer),
  };
}

/** A caller can make a handler fail as often as it calls. */
function failureLines({ log, refusalLines = REFUSAL_LINES }: DispatchOptions): RefusalLines {
  return new RefusalLines(
    refusalLines,
    ({ peer, omitted, refusals }) =>
      log.error({ ...peerFields(peer), omitted, failures: refusals }, "more failures of calls of this key"),
    { ofEachKind: true },
  );
}

/** Combines the observers of the options; their errors are logged. */
export function observerOf({ observer = [], onCall, log }: ApiServerOptions & { readonly log: Logger }): Observer {
  const recorder = onCall === undefined ? {} : { callEnded: onCall };
  return combineObservers([...[observer].flat(), combineObservers(recorder, log, "onCall failed")], log);
}

function checkUndeclared(value: UndeclaredProperties): UndeclaredProperties {
  if (value === "drop" || value === "refuse") return value;
  throw new OptionError(
    `option undeclaredProperties: invalid value "${printable(String(value), 60)}"; use "drop" or "refuse"`,
  );
}

function checkTimeout(timeout: number): number {
  if (timeout > 0 && timeout <= MAX_TIMEOUT) return timeout;
  throw new OptionError(`option timeout: ${wrongNumber(timeout, `a number of ms over 0 and up to ${MAX_TIMEOUT}`)}`);
}
