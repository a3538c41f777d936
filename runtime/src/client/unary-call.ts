import { setMaxListeners } from "node:events";
import { checkAnswer, checkRequest } from "../codec/check.js";
import { decodeError } from "../codec/error-body.js";
import { decodeJson, encodeJson } from "../codec/json.js";
import type { Method, Validator } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { STATUSES } from "../contract/status.js";
import type { Connection } from "../wire/connection.js";
import { encodeMetadata, type Metadata } from "../wire/metadata.js";
import type { OutgoingCall } from "../wire/outgoing-calls.js";
import type { CallOptions } from "./unary.js";

/** The longest timeout: what a timer of Node can wait, about 24.8 days. */
export const MAX_TIMEOUT = 0x7fff_ffff;

/** What all calls of one method share. */
export interface MethodBinding {
  readonly connection: Connection;
  readonly method: Method;
  /** The method's place in this side's HELLO. */
  readonly index: number;
  /** Milliseconds that a call may take where neither it nor the method says. */
  readonly timeout: number;
  /** Bytes of metadata that a call may carry. */
  readonly maxMetadata: number;
}

/** One unary call on its way. It settles exactly once, and lets go of its timer and signal when it does. */
export class UnaryCall implements OutgoingCall {
  /** Validates, encodes and sends. The promise rejects with an RpcError that names the method. */
  static send(binding: MethodBinding, request: unknown, options: CallOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        new UnaryCall(binding, request, options, resolve, reject).#start();
      } catch (error) {
        reject(nameMethod(error, binding.method.id));
      }
    });
  }

  id = 0;
  readonly method: number;
  readonly metadata: string | undefined;
  readonly body: string;

  readonly #binding: MethodBinding;
  readonly #resolve: (response: unknown) => void;
  readonly #reject: (error: RpcError) => void;
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #abort: (() => void) | undefined;
  /** Since when it has been waiting to be sent. */
  #waiting: number | undefined;

  private constructor(
    binding: MethodBinding,
    request: unknown,
    options: CallOptions | undefined,
    resolve: (response: unknown) => void,
    reject: (error: RpcError) => void,
  ) {
    const { method, index, timeout, maxMetadata } = binding;
    this.#timeout = checkTimeout(options?.timeout ?? method.timeout ?? timeout);
    this.#signal = options?.signal;
    if (this.#signal?.aborted) throw cancelled(this.#signal);
    checkRequest(request, method.request, method.id);
    this.#binding = binding;
    this.#resolve = resolve;
    this.#reject = reject;
    this.method = index;
    this.metadata = encodeMetadata(options?.metadata, maxMetadata);
    this.body = encodeRequest(request);
  }

  #start(): void {
    this.#timer = setTimeout(expire, this.#timeout, this);
    if (this.#signal !== undefined) this.#listen(this.#signal);
    try {
      this.#binding.connection.call(this);
      if (this.id === 0) this.#waiting = performance.now();
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  remaining(): number {
    const waited = this.#waiting === undefined ? 0 : performance.now() - this.#waiting;
    return Math.max(1, Math.ceil(this.#timeout - waited));
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

  #listen(signal: AbortSignal): void {
    this.#abort = () => this.#giveUp(cancelled(signal));
    // Many calls may share a signal: that is no leak, whatever Node's warning says.
    setMaxListeners(0, signal);
    signal.addEventListener("abort", this.#abort);
  }

  #read(code: number, buffer: Buffer, start: number, end: number): unknown {
    const { id, response, errors } = this.#binding.method;
    if (code === STATUSES.OK) {
      const value = decodeAnswer(buffer, start, end);
      checkAnswer(value, response, "response", id);
      return value;
    }
    const error = decodeError(code, decodeErrorBody(buffer, start, end), id);
    const details = errors?.[error.status];
    if (details !== undefined) checkDetails(error, details, id);
    throw error;
  }

  #giveUp(error: RpcError): void {
    this.#release();
    this.#binding.connection.outgoing.cancel(this);
    this.#reject(this.#named(error));
  }

  #release(): void {
    clearTimeout(this.#timer);
    if (this.#abort !== undefined) this.#signal?.removeEventListener("abort", this.#abort);
  }

  #named(error: unknown): RpcError {
    return nameMethod(error, this.#binding.method.id);
  }
}

/** An error as its caller should see it: an RpcError that names the method. */
function nameMethod(error: unknown, method: string): RpcError {
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

/** The status counts, whatever came along with it. */
function decodeErrorBody(buffer: Buffer, start: number, end: number): unknown {
  try {
    return decodeJson(buffer, start, end);
  } catch {
    return undefined;
  }
}

/** The caller's types promise these details, so an error without them cannot be given as what it says it is. */
function checkDetails(error: RpcError, details: Validator, method: string): void {
  try {
    checkAnswer(error.details, details, `details of ${error.status}`, method);
  } catch (cause) {
    throw new RpcError(
      "INTERNAL",
      `the server answered ${error.status}: ${error.message}; ${(cause as Error).message}`,
      {
        method,
        cause: error,
      },
    );
  }
}

/** What a schema lets pass as any value may still hold what JSON cannot carry. */
function encodeRequest(request: unknown): string {
  try {
    return encodeJson(request);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new RpcError("BAD_REQUEST", `the request cannot be written as JSON: ${reason}`, { cause: error });
  }
}

function cancelled(signal: AbortSignal): RpcError {
  return new RpcError("CANCELLED", "the caller cancelled the call", { cause: signal.reason });
}

function checkTimeout(timeout: number): number {
  if (typeof timeout !== "number" || !(timeout <= MAX_TIMEOUT)) {
    throw new RpcError("BAD_REQUEST", `timeout is ${timeout}; it is in milliseconds, at most ${MAX_TIMEOUT}`);
  }
  if (timeout <= 0) throw new RpcError("DEADLINE_EXCEEDED", `the deadline had passed already (timeout: ${timeout} ms)`);
  return timeout;
}
