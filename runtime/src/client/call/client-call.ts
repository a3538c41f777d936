import { rejectToCaller } from "../../base/async/reject-to-caller.js";
import { onAbort } from "../../base/async/with-signal.js";
import { MAX_TIMEOUT } from "../../base/check-number.js";
import { checkRequest } from "../../codec/check.js";
import type { EncodedValue } from "../../codec/codec.js";
import { IDEMPOTENCY_PENDING } from "../../contract/idempotency.js";
import type { RpcError } from "../../contract/rpc-error.js";
import { STATUSES } from "../../contract/status.js";
import type { Connection } from "../../wire/connection.js";
import { FLAG, type FrameView, ProtocolError } from "../../wire/frame.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import type { ItemSender } from "../../wire/item-sender.js";
import { encodeMetadata, type Metadata } from "../../wire/metadata.js";
import type { CallProgress, OutgoingCall } from "../../wire/outgoing-call.js";
import type { WaitingCall } from "../connection/connection-source.js";
import { Attempts, attemptsOf } from "../resend/attempts.js";
import { type FailedAttempt, retryAfterOf } from "../resend/decide-resend.js";
import { bindCallbacks, type CallOptions, cancelledBy, checkCallOptions, deadlinePassed } from "./call-options.js";
import type { CallSetup, MethodBinding } from "./method-binding.js";
import { ObservedCall } from "./observed-call.js";
import { encodeRequest, readResponse, toCallError } from "./read-response.js";

/** A running call of any kind. It settles exactly once, and releases its timer and signal listener then. Its deadline covers all attempts. */
export class ClientCall implements OutgoingCall, WaitingCall {
  id = 0;
  readonly method: number;
  metadata: string | undefined;
  readonly body: EncodedValue;
  readonly window: number;
  readonly opened: ((sender: ItemSender) => void) | undefined;
  readonly items: ItemReceiver<unknown> | undefined;
  readonly #binding: MethodBinding;
  readonly #setup: CallSetup;
  readonly #options: CallOptions | undefined;
  readonly #timeout: number;
  #timer: NodeJS.Timeout | undefined;
  #releases: (() => void)[] | undefined;
  #startedAt = 0;
  /** The connection that the call was sent on; undefined while it waits for one. */
  #connection: Connection | undefined;
  /** The headers of every attempt. */
  #metadata: string | undefined;
  #attempts: Attempts | undefined;
  #observed: ObservedCall | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Whether headers have arrived in this attempt, and in any; the items that had arrived before it. */
  #hasHeaders = false;
  #hadHeaders = false;
  #itemsBefore = 0;

  /** Validates and encodes the request. @throws RpcError for invalid options or an invalid request */
  constructor(binding: MethodBinding, setup: CallSetup) {
    const { method, index, timeout, maxMetadata } = binding;
    const { request, options, streams } = setup;
    this.#timeout = options?.timeout ?? method.timeout ?? (streams === undefined ? timeout : MAX_TIMEOUT);
    if (options) checkCallOptions(options, this.#timeout, binding);
    checkRequest(request, method.request, method.id);
    this.#binding = binding;
    this.#setup = setup;
    this.#options = options && bindCallbacks(options);
    this.method = index;
    this.#metadata = options?.metadata === undefined ? undefined : encodeMetadata(options.metadata, maxMetadata);
    this.body = encodeRequest(request, binding.codec);
    this.window = method.responseItem === undefined ? 0 : binding.window;
    const opened = streams?.opened;
    const begin = (sender: ItemSender): void => {
      this.#observed?.sends(sender);
      opened?.(sender);
    };
    this.opened = opened && begin;
    this.items = streams?.items;
    this.#attempts = attemptsOf(binding, options, streams);
  }

  /** Sends the call. @throws RpcError where it cannot be sent; timer and signal listener are released then */
  start(): void {
    const { method, reports, maxMetadata, charge } = this.#binding;
    const signal = this.#options?.signal;
    if (charge !== undefined) this.#releases = [charge.begin(this.body, method.id)];
    if (this.#timeout < MAX_TIMEOUT) this.#timer = setTimeout(expire, this.#timeout, this);
    const removeAbort = signal && onAbort(signal, () => this.cancel(cancelledBy(signal)));
    if (removeAbort !== undefined) this.#releases = [...(this.#releases ?? []), removeAbort];
    this.#startedAt = performance.now();
    if (reports?.isActive()) this.#observed = new ObservedCall(reports, method, this);
    try {
      if (reports?.observer.injectHeaders) this.#metadata = this.#observed?.metadata(this.#options, maxMetadata);
      this.#send();
    } catch (error) {
      this.#release();
      this.#observed?.ended(this.#connection, toCallError(error, method.id));
      throw error;
    }
  }

  connected(connection: Connection): void {
    this.#attempt(() => this.#sendOn(connection));
  }

  unconnected(error: RpcError): void {
    this.#end(error);
  }

  accepts(connection: Connection): boolean {
    return this.#attempts?.fit(connection) !== false;
  }

  /** Without a connection the call waits for the next one. */
  #send(): void {
    const connection = this.#binding.connections.connection(this.#attempts && this);
    if (connection === undefined) this.#binding.connections.wait(this);
    else this.#sendOn(connection);
  }

  #sendOn(connection: Connection): void {
    this.#connection = connection;
    this.#binding.drift?.refuse?.(connection, this.method);
    this.metadata = this.#attempts === undefined ? this.#metadata : this.#attempts.begin(this.#metadata, connection);
    this.#hasHeaders = false;
    this.#itemsBefore = this.items?.items ?? 0;
    this.#setup.streams?.restart?.();
    connection.call(this);
  }

  sent(id: number): void {
    this.id = id;
  }

  remaining(): number {
    if (this.#timeout === MAX_TIMEOUT) return 0;
    return Math.max(1, Math.ceil(this.#timeout - (performance.now() - this.#startedAt)));
  }

  headers(headers: Metadata): void {
    if (this.#setup.streams?.upload?.headers(headers)) return;
    if (this.#hasHeaders || (this.items?.items ?? 0) > this.#itemsBefore) {
      throw new ProtocolError(`HEADERS for call ${this.id} after its first headers or item`);
    }
    this.#hasHeaders = true;
    if (this.#hadHeaders) return;
    this.#hadHeaders = true;
    try {
      this.#options?.onHeaders?.(headers);
    } catch (error) {
      this.cancel(error);
    }
  }

  status(code: number, trailers: Metadata, frame: FrameView): void {
    const isRefused = frame.has(FLAG.REFUSED);
    this.#observed?.body(frame.end - frame.start);
    const { method, codec } = this.#binding;
    if (code === STATUSES.UNAVAILABLE || (isRefused && code === STATUSES.RESOURCE_EXHAUSTED)) {
      const error = codec.decodeError(code, frame, method.id);
      const retryAfter = code === STATUSES.UNAVAILABLE ? 0 : retryAfterOf(error);
      const outcome = isRefused ? "refused" : trailers.has(IDEMPOTENCY_PENDING) ? "lost" : "unavailable";
      if (retryAfter !== undefined && this.#retry(error, outcome, retryAfter)) return;
    }
    this.#release();
    try {
      // An exception of the caller's onTrailers fails the call; it must not end the reading of the connection.
      this.#options?.onTrailers?.(trailers);
      const response = readResponse(method, code, frame, codec);
      this.#observed?.ended(this.#connection);
      this.#setup.streams?.ended(undefined);
      this.#settle(() => response);
    } catch (error) {
      this.#end(error);
    }
  }

  lost(error: RpcError, progress: CallProgress): void {
    const outcome = this.id === 0 ? "unsent" : progress === "not-started" ? "refused" : "lost";
    if (error.status !== "UNAVAILABLE" || !this.#retry(error, outcome)) this.#end(error);
  }

  grant(bytes: number): void {
    this.#connection?.outgoing.grant(this, bytes);
  }

  /** Ends the call with `error` and cancels it at the other side. */
  cancel(error: unknown): void {
    if (this.#connection === undefined) this.#binding.connections.forget(this);
    else this.#connection.outgoing.cancel(this);
    this.#end(error);
  }

  expire(): void {
    this.cancel(
      deadlinePassed(this.#timeout, this.#connection === undefined ? this.#binding.connections.error : undefined),
    );
  }

  /** Sends the call again where that is safe and of use, and returns whether it does. */
  #retry(error: RpcError, outcome: FailedAttempt["outcome"], retryAfter = 0): boolean {
    this.#attempts ??= new Attempts(this.#binding);
    const attempts = this.#attempts;
    const delay = attempts.failed(error, {
      outcome,
      hasStream: this.opened !== undefined,
      open: this.#connection?.open === true,
      retryAfter,
      remaining: this.remaining() || Number.POSITIVE_INFINITY,
    });
    if (delay === undefined) return false;
    if (outcome !== "unsent") this.#observed?.retried(this.#connection, attempts.retries, delay, error);
    this.#connection = undefined;
    this.id = 0;
    try {
      if (delay > 0) this.#retryTimer = setTimeout(() => this.#attempt(() => this.#send()), delay);
      else this.#send();
      return true;
    } catch {
      return false;
    }
  }

  #attempt(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    this.#release();
    const failure = toCallError(error, this.#binding.method.id);
    const named = this.#binding.drift?.explain(failure, this.#connection) ?? failure;
    this.#observed?.ended(this.#connection, named);
    this.#setup.streams?.ended(named);
    this.#settle(() => rejectToCaller(named));
  }

  /** A rejection is created when it is passed on: one that waits for a turn would be unhandled. */
  #settle(outcome: () => unknown): void {
    if (this.#binding.charge === undefined) this.#setup.resolve(outcome());
    else this.#binding.charge.settle(() => this.#setup.resolve(outcome()));
  }

  #release(): void {
    for (const release of this.#releases?.splice(0) ?? []) release();
    this.#attempts?.ended();
    clearTimeout(this.#timer);
    if (this.#retryTimer !== undefined) clearTimeout(this.#retryTimer);
  }
}

function expire(call: ClientCall): void {
  call.expire();
}
