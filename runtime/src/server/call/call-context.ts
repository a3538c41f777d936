import { type Logger, logWith } from "../../base/log.js";
import { connectionFields } from "../../base/observer/line-fields.js";
import type { Propagation } from "../../base/observer/propagation.js";
import type { RefusalLines } from "../../base/observer/refusal-lines.js";
import type { Peer } from "../../base/peer.js";
import type { UndeclaredProperties } from "../../codec/check-declared.js";
import type { ShapeLimits } from "../../codec/check-shape.js";
import { IDEMPOTENCY_KEY, takesIdempotencyKey } from "../../contract/idempotency.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ErrorStatus } from "../../contract/status.js";
import type { ItemKind } from "../../wire/hello.js";
import { type Metadata, RESUME_AFTER } from "../../wire/metadata.js";
import type { RequestStream } from "../upload/upload-items.js";
import type { CallPort } from "./call-port.js";
import type { ConnectedClient, Context } from "./context.js";
import type { ServerInterceptor } from "./interceptor.js";
import { ResponseMetadata } from "./response-metadata.js";
import type { Route } from "./route.js";
import type { StuckHandlers } from "./stuck-handlers.js";

/** The dispatch of a call that may have an idempotency key: it is authorized and validated. */
export interface OnceDispatch {
  readonly call: CallPort;
  readonly context: CallContext;
  /** Calls the handler; `call` is in the place of that of the dispatch. */
  handle(request: unknown, call: CallPort): void;
  /** Returns the request stream, if the method has one, and creates it at the first call. */
  receive(): RequestStream | undefined;
  /** Answers a call whose handler is not called. */
  refuse(error: unknown): void;
  /** The call has its answer, and no handler. */
  done(): void;
}

/** Settings of all calls of a server. */
export interface DispatchConfig {
  /** Timeout in ms of a unary call if neither its caller nor its method sets one. */
  readonly timeout: number;
  /** Whether callers see the message and stack of undeclared errors: for development only. */
  readonly exposeErrors: boolean;
  readonly undeclaredProperties: UndeclaredProperties;
  /** Bytes of the headers that a handler sends, and of its trailers. */
  readonly maxMetadata: number;
  /** Of each request and item. */
  readonly shape: ShapeLimits;
  readonly interceptors: readonly ServerInterceptor[];
  readonly log: Logger;
  /** Bounds the lines of failures that a key can cause. */
  readonly failures: RefusalLines;
  /** Returns why the server refuses calls at present, such as without space for its audit log. */
  readonly refusal: (() => RpcError | undefined) | undefined;
  /** Runs a call that may have an idempotency key, or answers it from the ledger. */
  readonly runOnce: (dispatch: OnceDispatch, request: unknown) => void;
  /** Runs the parts of a call in its context; undefined if no observer has one. */
  readonly runCall: Propagation["runCall"];
  /** Shared by all calls of the server. */
  readonly stuck: StuckHandlers;
}

/** The other end of a connection, and how its calls are answered. */
export interface Caller {
  readonly peer: Peer;
  /** Bytes of a message that both sides accept. */
  readonly maxMessage: number;
  /** Whether it takes the positions of items. Default: false. */
  readonly positions?: boolean;
  /** The kind of items that it expects in streams, if it has no contract. */
  readonly items?: ItemKind | undefined;
  /** Whether it was built with another contract, where a method may be of another kind. Default: false. */
  readonly hasOtherContract?: boolean;
  /** The generated client of the callbacks that the peer serves; undefined if it serves none. */
  readonly callbacks: unknown;
  /** Returns the connected clients of the same server, including this one. */
  readonly clients: () => readonly ConnectedClient<unknown>[];
  readonly config: DispatchConfig;
}

/** The context of one call. Its rarely used parts are created on first use, which keeps small calls cheap. */
export class CallContext implements Context {
  readonly route: Route;
  readonly method: string;
  readonly deadline: number;
  readonly metadata: Metadata;
  readonly peer: Peer;
  readonly #caller: Caller;
  readonly #call: Pick<CallPort, "startAt">;
  #response: ResponseMetadata | undefined;
  #headersTaken = false;
  #readsPosition = false;
  #controller: AbortController | undefined;
  #reason: RpcError | undefined;

  constructor(route: Route, caller: Caller, call: Pick<CallPort, "timeout" | "metadata" | "startAt">) {
    const { timeout, metadata } = call;
    const { method } = route;
    const fallback = method.kind === "unary" ? caller.config.timeout : Number.POSITIVE_INFINITY;
    this.route = route;
    this.method = method.id;
    this.deadline = Date.now() + (timeout || method.timeout || fallback);
    this.metadata = metadata;
    this.peer = caller.peer;
    this.#caller = caller;
    this.#call = call;
  }

  /** The settings of the server. */
  get config(): DispatchConfig {
    return this.#caller.config;
  }

  /** The metadata of the response, if the handler has set some. */
  get response(): ResponseMetadata | undefined {
    return this.#response;
  }

  get resumeAfter(): string | undefined {
    this.#readsPosition = true;
    return this.metadata.get(RESUME_AFTER)?.[0];
  }

  /** Whether the handler must not send items: it has not asked where the caller's stream begins. */
  get ignoresPosition(): boolean {
    return !this.#readsPosition && this.metadata.has(RESUME_AFTER);
  }

  /** Whether the caller takes the positions of items. */
  get sendsPositions(): boolean {
    return this.#caller.positions === true;
  }

  /** Generated code declares its type. */
  get callbacks(): undefined {
    return this.#caller.callbacks as undefined;
  }

  get clients(): readonly ConnectedClient[] {
    return this.#caller.clients() as readonly ConnectedClient[];
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why the call was aborted; undefined if it was not. */
  get abortReason(): RpcError | undefined {
    return this.#reason;
  }

  get idempotencyKey(): string | undefined {
    return takesIdempotencyKey(this.route.method) ? this.metadata.get(IDEMPOTENCY_KEY)?.[0] : undefined;
  }

  get log(): Logger {
    const about = { method: this.method, ...connectionFields({ peer: this.peer }) };
    return logWith(this.#caller.config.log, () => about);
  }

  // Handlers may take the following functions out of the context. As fields, they would be created for each call.
  get fail(): Context["fail"] {
    return fail;
  }

  get startAt(): Context["startAt"] {
    return (offset) => this.#call.startAt?.(offset) ?? 0;
  }

  get setHeader(): Context["setHeader"] {
    return (name, value) => this.#respond().header(name, value);
  }

  get setTrailer(): Context["setTrailer"] {
    return (name, value) => this.#respond().trailer(name, value);
  }

  #respond(): ResponseMetadata {
    if (this.#response === undefined) {
      this.#response = new ResponseMetadata(this.#caller.config.maxMetadata);
      if (this.#headersTaken) this.#response.takeHeaders();
    }
    return this.#response;
  }

  /** Sends the headers, once. */
  sendHeaders(call: CallPort): void {
    this.#headersTaken = true;
    const headers = this.#response?.takeHeaders();
    if (headers !== undefined) call.sendHeaders(headers);
  }

  /** Aborts the signal, which may be created later. */
  abort(reason: RpcError): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}

function fail(status: ErrorStatus, details?: unknown, message?: string): never {
  throw new RpcError(status, message, { details });
}
