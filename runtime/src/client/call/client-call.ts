import { rejectToCaller } from "../../base/async/reject-to-caller.js";
import { onAbort } from "../../base/async/with-signal.js";
import { MAX_TIMEOUT } from "../../base/check-number.js";
import { checkRequest } from "../../codec/check.js";
import type { EncodedValue } from "../../codec/codec.js";
import { RpcError } from "../../contract/rpc-error.js";
import { STATUSES } from "../../contract/status.js";
import type { Connection } from "../../wire/connection.js";
import { FLAG, type FrameView, ProtocolError } from "../../wire/frame.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import type { ItemSender } from "../../wire/item-sender.js";
import { encodeMetadata, type Metadata } from "../../wire/metadata.js";
import type { CallProgress, OutgoingCall } from "../../wire/outgoing-call.js";
import type { WaitingCall } from "../connection/connection-source.js";
import { bindCallbacks, type CallOptions, cancelledBy, checkCallOptions } from "./call-options.js";
import type { CallSetup, MethodBinding } from "./method-binding.js";
import { ObservedCall } from "./observed-call.js";
import { encodeRequest, readResponse, toCallError } from "./read-response.js";
import { retryAfterOf, retryDelay } from "./retry-delay.js";

/**
 * A running call of any kind. It settles exactly once, and releases its timer and signal listener then. A call whose
 * connection fails may be retried on another one; its deadline covers all attempts.
 */
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
  #removeAbort: (() => void) | undefined;
  #startedAt = 0;
  /** The connection that the call was sent on; undefined while it waits for one. */
  #connection: Connection | undefined;
  #retries = 0;
  #observed: ObservedCall | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #hasHeaders = false;
  #charged: number | undefined;

  /** Validates and encodes the request. @throws RpcError for invalid options or an invalid request */
  constructor(binding: MethodBinding, setup: CallSetup) {
    const { method, index, timeout, maxMetadata } = binding;
    const { request, options, streams } = setup;
    this.#timeout = options?.timeout ?? method.timeout ?? (streams === undefined ? timeout : MAX_TIMEOUT);
    if (options) checkCallOptions(options, this.#timeout);
    checkRequest(request, method.request, method.id);
    this.#binding = binding;
    this.#setup = setup;
    this.#options = options && bindCallbacks(options);
    this.method = index;
    this.metadata = options?.metadata === undefined ? undefined : encodeMetadata(options.metadata, maxMetadata);
    this.body = encodeRequest(request, binding.codec);
    this.window = method.responseItem === undefined ? 0 : binding.window;
    this.opened =
      streams?.opened &&
      ((sender) => {
        this.#observed?.sends(sender);
        streams.opened?.(sender);
      });
    this.items = streams?.items;
  }

  /** Sends the call. @throws RpcError where it cannot be sent; timer and signal listener are released then */
  start(): void {
    this.#charged = this.#binding.charge?.begin(this.body, this.#binding.method.id);
    const signal = this.#options?.signal;
    if (this.#timeout < MAX_TIMEOUT) this.#timer = setTimeout(expire, this.#timeout, this);
    if (signal !== undefined) this.#removeAbort = onAbort(signal, () => this.cancel(cancelledBy(signal)));
    this.#startedAt = performance.now();
    const { method, reports, maxMetadata } = this.#binding;
    if (reports?.isActive()) this.#observed = new ObservedCall(reports, method, this);
    try {
      if (reports?.observer.injectHeaders) this.metadata = this.#observed?.metadata(this.#options, maxMetadata);
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

  /** Without a connection the call waits for the next one. */
  #send(): void {
    const { connections } = this.#binding;
    const connection = connections.connection();
    if (connection === undefined) connections.wait(this);
    else this.#sendOn(connection);
  }

  #sendOn(connection: Connection): void {
    this.#connection = connection;
    this.#binding.drift?.refuse?.(connection, this.method);
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
    if (this.#seen) throw new ProtocolError(`HEADERS for call ${this.id} after its first headers or item`);
    this.#hasHeaders = true;
    try {
      this.#options?.onHeaders?.(headers);
    } catch (error) {
      this.cancel(error);
    }
  }

  status(code: number, trailers: Metadata, frame: FrameView): void {
    const progress = frame.has(FLAG.REFUSED) ? "not-started" : "unknown";
    this.#observed?.body(frame.end - frame.start);
    const { method, codec } = this.#binding;
    const isBusy = code === STATUSES.RESOURCE_EXHAUSTED && progress === "not-started";
    if (code === STATUSES.UNAVAILABLE || isBusy) {
      const error = codec.decodeError(code, frame, method.id);
      const retryAfter = isBusy ? retryAfterOf(error) : 0;
      if (retryAfter !== undefined && this.#retry(error, progress, retryAfter)) return;
    }
    this.#release();
    let response: unknown;
    try {
      // An exception of the caller's onTrailers fails the call; it must not end the reading of the connection.
      this.#options?.onTrailers?.(trailers);
      response = readResponse(method, code, frame, codec);
    } catch (error) {
      this.#end(error);
      return;
    }
    this.#observed?.ended(this.#connection);
    this.#setup.streams?.ended(undefined);
    this.#settle(() => response);
  }

  lost(error: RpcError, progress: CallProgress): void {
    if (error.status !== "UNAVAILABLE" || !this.#retry(error, progress)) this.#end(error);
  }

  /** Grants the callee credit to send `bytes` more. */
  grant(bytes: number): void {
    this.#connection?.outgoing.grant(this, bytes);
  }

  /** Ends the call with `error` and cancels it at the other side. */
  cancel(error: unknown): void {
    if (this.#connection === undefined) this.#binding.connections.forget(this);
    else this.#connection.outgoing.cancel(this);
    this.#end(error);
  }

  /** The deadline has passed. */
  expire(): void {
    const cause = this.#connection === undefined ? this.#binding.connections.error : undefined;
    const timeout = Math.ceil(this.#timeout);
    const message =
      cause === undefined ? `no response within ${timeout} ms` : `no connection within ${timeout} ms: ${cause.message}`;
    this.cancel(new RpcError("DEADLINE_EXCEEDED", message, { cause }));
  }

  /** Retries the call where {@link retryDelay} allows it, and returns whether it did. */
  #retry(error: RpcError, progress: CallProgress, retryAfter = 0): boolean {
    const sent = this.id !== 0;
    const delay = retryDelay(this.#binding, {
      sent,
      refused: progress === "not-started",
      notReplayable: this.opened !== undefined || this.#seen,
      retries: this.#retries,
      open: this.#connection?.open === true,
      retryAfter,
      remaining: this.#timeout < MAX_TIMEOUT ? this.remaining() : Number.POSITIVE_INFINITY,
    });
    if (delay === undefined) return false;
    if (sent) {
      this.#retries += 1;
      this.#observed?.retried(this.#connection, this.#retries, delay, error);
    }
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

  /** Whether headers or an item have arrived: the call cannot be retried then. */
  get #seen(): boolean {
    return this.#hasHeaders || (this.items?.items ?? 0) > 0;
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
    const { charge } = this.#binding;
    if (charge === undefined) this.#setup.resolve(outcome());
    else charge.settle(() => this.#setup.resolve(outcome()));
  }

  #release(): void {
    if (this.#charged !== undefined) this.#binding.charge?.end(this.#charged);
    this.#charged = undefined;
    clearTimeout(this.#timer);
    if (this.#retryTimer !== undefined) clearTimeout(this.#retryTimer);
    this.#removeAbort?.();
  }
}

function expire(call: ClientCall): void {
  call.expire();
}
