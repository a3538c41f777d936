import { checkAnswer, checkRequest } from "../codec/check.js";
import { decodeError } from "../codec/error-body.js";
import { decodeJson, encodeJson } from "../codec/json.js";
import type { Method } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { STATUSES } from "../contract/status.js";
import type { Connection } from "../wire/connection.js";
import { encodeMetadata, type Metadata } from "../wire/metadata.js";
import type { OutgoingCall } from "../wire/outgoing-calls.js";
import type { CallOptions } from "./unary.js";

/** The longest timeout: what a timer of Node can wait, about 24.8 days. */
export const MAX_TIMEOUT = 0x7fff_ffff;

/** What all calls of a client share. */
export interface CallSettings {
  /** Milliseconds, where neither the call nor its method says. */
  readonly timeout: number;
  /** Bytes of metadata. */
  readonly metadata: number;
}

/** One unary call on its way. It settles exactly once, and lets go of its timer and signal when it does. */
export class UnaryCall implements OutgoingCall {
  readonly method: number;
  readonly metadata: string | undefined;
  readonly body: string;

  readonly #connection: Connection;
  readonly #declared: Method;
  readonly #resolve: (response: unknown) => void;
  readonly #reject: (error: RpcError) => void;
  readonly #timeout: number;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;

  /** Validates, encodes and sends. @throws RpcError for everything that prevents it; then nothing is left behind */
  constructor(
    connection: Connection,
    index: number,
    declared: Method,
    settings: CallSettings,
    request: unknown,
    options: CallOptions | undefined,
    resolve: (response: unknown) => void,
    reject: (error: RpcError) => void,
  ) {
    this.#timeout = checkTimeout(options?.timeout ?? declared.timeout ?? settings.timeout);
    const signal = options?.signal;
    if (signal?.aborted) throw cancelled(signal);
    checkRequest(request, declared.request, declared.id);
    this.#connection = connection;
    this.#declared = declared;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.#deadline = performance.now() + this.#timeout;
    this.method = index;
    this.metadata = encodeMetadata(options?.metadata, settings.metadata);
    this.body = encodeJson(request);
    connection.call(this);
    this.#timer = setTimeout(expire, this.#timeout, this);
    signal?.addEventListener("abort", this.#abort);
  }

  remaining(): number {
    return Math.max(1, Math.ceil(this.#deadline - performance.now()));
  }

  status(code: number, _trailers: Metadata, buffer: Buffer, start: number, end: number): void {
    this.#release();
    try {
      this.#resolve(this.#read(code, buffer, start, end));
    } catch (error) {
      this.#reject(this.#named(error));
    }
  }

  lost(error: RpcError): void {
    this.#release();
    this.#reject(this.#named(error));
  }

  /** The deadline has passed. */
  expire(): void {
    this.#giveUp(new RpcError("DEADLINE_EXCEEDED", `no answer within ${this.#timeout} ms`));
  }

  readonly #abort = (): void => {
    this.#giveUp(cancelled(this.#signal as AbortSignal));
  };

  #read(code: number, buffer: Buffer, start: number, end: number): unknown {
    const { id, response, errors } = this.#declared;
    if (code === STATUSES.OK) {
      const value = decodeAnswer(buffer, start, end);
      checkAnswer(value, response, "response", id);
      return value;
    }
    const error = decodeError(code, decodeAnswer(buffer, start, end), id);
    const details = errors?.[error.status];
    if (details !== undefined) checkAnswer(error.details, details, `details of ${error.status}`, id);
    throw error;
  }

  #giveUp(error: RpcError): void {
    this.#release();
    this.#connection.outgoing.cancel(this);
    this.#reject(this.#named(error));
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  #named(error: unknown): RpcError {
    return nameMethod(error, this.#declared.id);
  }
}

/** An error as its caller should see it: an RpcError that names the method. */
export function nameMethod(error: unknown, method: string): RpcError {
  if (!(error instanceof RpcError)) {
    return new RpcError("INTERNAL", error instanceof Error ? error.message : String(error), { method, cause: error });
  }
  if (error.method !== undefined) return error;
  return new RpcError(error.status, error.message, { details: error.details, method, cause: error.cause });
}

function expire(call: UnaryCall): void {
  call.expire();
}

function decodeAnswer(buffer: Buffer, start: number, end: number): unknown {
  try {
    return decodeJson(buffer, start, end);
  } catch (error) {
    throw new RpcError("INTERNAL", `the server's answer is ${(error as Error).message}`);
  }
}

function cancelled(signal: AbortSignal): RpcError {
  return new RpcError("CANCELLED", "the caller cancelled the call", { cause: signal.reason });
}

function checkTimeout(timeout: number): number {
  if (!(timeout <= MAX_TIMEOUT)) {
    throw new RpcError("BAD_REQUEST", `timeout is ${timeout}; it is in milliseconds, at most ${MAX_TIMEOUT}`);
  }
  if (timeout <= 0) throw new RpcError("DEADLINE_EXCEEDED", `the deadline had passed already (timeout: ${timeout} ms)`);
  return timeout;
}
