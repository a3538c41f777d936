import { setMaxListeners } from "node:events";
import { MAX_TIMEOUT } from "../../base/max-timeout.js";
import { checkRequest } from "../../codec/check.js";
import type { BytesView, EncodedValue } from "../../codec/codec.js";
import { RpcError } from "../../contract/rpc-error.js";
import { STATUSES } from "../../contract/status.js";
import type { Connection } from "../../wire/connection.js";
import { FLAG, type FrameView, ProtocolError } from "../../wire/frame.js";
import type { ItemSender } from "../../wire/item-sender.js";
import { encodeMetadata, type Metadata } from "../../wire/metadata.js";
import type { CallProgress, OutgoingCall } from "../../wire/outgoing-call.js";
import { bindCallbacks } from "../bind-callbacks.js";
import type { WaitingCall } from "../connection/connection-source.js";
import { readAnswer } from "./answer.js";
import type { CallStreams } from "./call-streams.js";
import { cancelled, checkSignal, checkTimeout, encodeRequest } from "./check-call.js";
import type { MethodBinding } from "./method-binding.js";
import { nameMethod } from "./name-method.js";
import { retryDelay } from "./retry-delay.js";
import type { CallOptions } from "./unary.js";

/**
 * One call on its way, of any kind. It settles exactly once, and lets go of its timer and signal when it does. Where its
 * connection fails, it may be sent again on another: its one deadline covers all attempts.
 */
export class ClientCall implements OutgoingCall, WaitingCall {
  id = 0;
  readonly method: number;
  readonly metadata: string | undefined;
  readonly body: EncodedValue;
  readonly window: number;
  readonly opened: ((sender: ItemSender) => void) | undefined;
  readonly item: ((item: BytesView) => void) | undefined;
  readonly #binding: MethodBinding;
  readonly #resolve: (response: unknown) => void;
  readonly #reject: (error: RpcError) => void;
  readonly #options: CallOptions | undefined;
  readonly #streams: CallStreams | undefined;
  readonly #timeout: number;
  #timer: NodeJS.Timeout | undefined;
  #abort: (() => void) | undefined;
  /** When it was made. */
  #begin = 0;
  /** What it is on, or waits for; undefined while there is none. */
  #connection: Connection | undefined;
  /** How often it was sent again. */
  #retries = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Whether its user has seen anything of an answer: then it cannot begin anew. */
  #seen = false;

  /** Validates and encodes. @throws RpcError for everything that is wrong with the call */
  constructor(
    binding: MethodBinding,
    request: unknown,
    options: CallOptions | undefined,
    resolve: (response: unknown) => void,
    reject: (error: RpcError) => void,
    streams?: CallStreams,
  ) {
    const { method, index, timeout, maxMetadata } = binding;
    this.#timeout = checkTimeout(options?.timeout ?? method.timeout ?? (streams === undefined ? timeout : MAX_TIMEOUT));
    checkSignal(options?.signal);
    checkRequest(request, method.request, method.id);
    this.#binding = binding;
    this.#options = bindCallbacks(options);
    this.#resolve = resolve;
    this.#reject = reject;
    this.#streams = streams;
    this.method = index;
    this.metadata = options?.metadata === undefined ? undefined : encodeMetadata(options.metadata, maxMetadata);
    this.body = encodeRequest(request, binding.codec);
    this.window = method.responseItem === undefined ? 0 : binding.window;
    this.opened = streams?.opened;
    this.item = streams?.item === undefined ? undefined : this.#take;
  }

  /** Sends the call. @throws RpcError where the connection does not take it; then nothing is left behind */
  start(): void {
    const signal = this.#options?.signal;
    if (this.#timeout < MAX_TIMEOUT) this.#timer = setTimeout(expire, this.#timeout, this);
    if (signal !== undefined) this.#listen(signal);
    this.#begin = performance.now();
    try {
      this.#send();
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  connected(connection: Connection): void {
    try {
      this.#sendOn(connection);
    } catch (error) {
      this.#end(error);
    }
  }

  unconnected(error: RpcError): void {
    this.#end(error);
  }

  /** Where there is no connection at this moment, it waits for the next one. */
  #send(): void {
    const { connections } = this.#binding;
    const connection = connections.connection();
    if (connection === undefined) connections.wait(this);
    else this.#sendOn(connection);
  }

  #sendOn(connection: Connection): void {
    this.#connection = connection;
    connection.call(this);
  }

  sent(id: number): void {
    this.id = id;
  }

  remaining(): number {
    if (this.#timeout === MAX_TIMEOUT) return 0;
    return Math.max(1, Math.ceil(this.#timeout - (performance.now() - this.#begin)));
  }

  headers(headers: Metadata): void {
    if (this.#seen) throw new ProtocolError(`HEADERS for call ${this.id} after its first headers or item`);
    this.#seen = true;
    try {
      this.#options?.onHeaders?.(headers);
    } catch (error) {
      this.giveUp(error);
    }
  }

  status(code: number, trailers: Metadata, frame: FrameView): void {
    const progress = frame.has(FLAG.REFUSED) ? "not-started" : "unknown";
    if (code === STATUSES.UNAVAILABLE && this.#sendAgain(progress)) return;
    this.#release();
    let response: unknown;
    try {
      // What the caller's own function throws is the call's failure, not the connection's, whose reading it would end.
      this.#options?.onTrailers?.(trailers);
      response = readAnswer(this.#binding.method, code, frame, this.#binding.codec);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#streams?.ended(undefined);
    this.#resolve(response);
  }

  lost(error: RpcError, progress: CallProgress): void {
    if (error.status !== "UNAVAILABLE" || !this.#sendAgain(progress)) this.#end(error);
  }

  /** Lets the callee send so many bytes more. */
  grant(bytes: number): void {
    this.#connection?.outgoing.grant(this, bytes);
  }

  /** Ends the call on this side, and tells the other. */
  giveUp(error: unknown): void {
    if (this.#connection === undefined) this.#binding.connections.forget(this);
    else this.#connection.outgoing.cancel(this);
    this.#end(error);
  }

  /** The deadline has passed. */
  expire(): void {
    const cause = this.#connection === undefined ? this.#binding.connections.error : undefined;
    const timeout = Math.ceil(this.#timeout);
    const message =
      cause === undefined ? `no answer within ${timeout} ms` : `no connection within ${timeout} ms: ${cause.message}`;
    this.giveUp(new RpcError("DEADLINE_EXCEEDED", message, { cause }));
  }

  /** Whether the call begins anew instead of ending; see {@link retryDelay}. */
  #sendAgain(progress: CallProgress): boolean {
    const sent = this.id !== 0;
    const delay = retryDelay(this.#binding, {
      sent,
      refused: progress === "not-started",
      spent: this.opened !== undefined || this.#seen,
      retries: this.#retries,
      open: this.#connection?.open === true,
      remaining: this.#timeout < MAX_TIMEOUT ? this.remaining() : Number.POSITIVE_INFINITY,
    });
    if (delay === undefined) return false;
    if (sent) this.#retries += 1;
    this.#connection = undefined;
    this.id = 0;
    try {
      if (delay > 0) this.#retryTimer = setTimeout(resend, delay, this);
      else this.#send();
      return true;
    } catch {
      return false;
    }
  }

  /** Called once the wait before another attempt is over. */
  resend(): void {
    try {
      this.#send();
    } catch (error) {
      this.#end(error);
    }
  }

  /** An item that cannot be taken ends the call: what follows it would be taken for what it is not. */
  readonly #take = (item: BytesView): void => {
    this.#seen = true;
    try {
      this.#streams?.item?.(item);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.giveUp(error);
    }
  };

  #listen(signal: AbortSignal): void {
    this.#abort = () => this.giveUp(cancelled(signal));
    // Many calls may share a signal: that is no leak, whatever Node's warning says.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", this.#abort);
  }

  #end(error: unknown): void {
    this.#release();
    this.#fail(error);
  }

  #fail(error: unknown): void {
    const named = nameMethod(error, this.#binding.method.id);
    this.#streams?.ended(named);
    this.#reject(named);
  }

  #release(): void {
    clearTimeout(this.#timer);
    if (this.#retryTimer !== undefined) clearTimeout(this.#retryTimer);
    if (this.#abort !== undefined) this.#options?.signal?.removeEventListener("abort", this.#abort);
  }
}

function expire(call: ClientCall): void {
  call.expire();
}

function resend(call: ClientCall): void {
  call.resend();
}
