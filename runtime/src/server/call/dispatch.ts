import { MAX_TIMEOUT } from "../../base/check-number.js";
import { checkRequest } from "../../codec/check.js";
import type { BytesView, EncodedValue } from "../../codec/codec.js";
import type { ItemType } from "../../codec/items.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { StatusName } from "../../contract/status.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import { ignoreErrors } from "../../wire/iterator-of.js";
import { checkSize } from "../../wire/limits.js";
import type { Route } from "../router.js";
import { authorize } from "./authorize.js";
import { CallContext } from "./call-context.js";
import type { Caller } from "./caller.js";
import { checkItems } from "./check-items.js";
import type { DispatchConfig } from "./dispatch-config.js";
import { encodeResponse } from "./encode-response.js";
import { type FailureConfig, failureOf, internal } from "./failure.js";
import { interceptCall, type ServerCallInfo } from "./interceptor.js";
import { receiveItems } from "./receive-items.js";
import { sendItems } from "./send-items.js";
import { withParams } from "./with-params.js";

type StreamingHandler = (...args: unknown[]) => unknown;

/**
 * Runs one call: authorize, decode, validate, handle, answer. Every way in ends here, so that the order of the checks
 * is written once.
 */
export class Dispatch {
  readonly #call: IncomingCall;
  readonly #route: Route;
  readonly #config: DispatchConfig;
  readonly #context: CallContext;
  readonly #caller: Caller;
  #timer: NodeJS.Timeout | undefined;
  #items: ItemReceiver<unknown> | undefined;
  #isDone = false;

  constructor(call: IncomingCall, route: Route, caller: Caller, config: DispatchConfig) {
    const { method } = route;
    const { timeout, metadata } = call.opening;
    this.#call = call;
    this.#caller = caller;
    this.#route = route;
    this.#config = config;
    const time = timeout || method.timeout || (method.kind === "unary" ? config.timeout : Number.POSITIVE_INFINITY);
    this.#context = new CallContext(method.id, Date.now() + time, metadata, caller, config.log, config.metadata);
  }

  /** Runs the call to its answer. It never throws. */
  run(body: BytesView): void {
    let request: unknown;
    try {
      request = this.#admit(body);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.#handle(request);
  }

  /** The request, once it may be handled. @throws RpcError what the runtime itself has against the call */
  #admit(body: BytesView): unknown {
    const { method, params } = this.#route;
    authorize(this.#context.peer, method.scope);
    if (this.#call.opening.hasStream !== (method.requestItem !== undefined)) {
      throw new RpcError("BAD_REQUEST", `it takes ${this.#call.opening.hasStream ? "no" : "a"} request stream`);
    }
    if (this.#caller.items !== undefined) checkItems(method, this.#caller.items);
    const request = withParams(body.start === body.end ? {} : this.#call.codec.decode(body), params);
    checkRequest(request, method.request, method.id);
    return request;
  }

  #handle(request: unknown): void {
    try {
      const result = this.#start(request);
      if (isPromise(result)) this.#await(result);
      else this.#succeed(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  #start(request: unknown): unknown {
    const { method, handler } = this.#route;
    const { interceptors } = this.#config;
    if (method.kind === "unary" && interceptors.length === 0) return handler(request, this.#context);
    const items = method.requestItem === undefined ? undefined : this.#receive(method.requestItem);
    const call: ServerCallInfo = { method, request, items, ctx: this.#context };
    const result = interceptCall(interceptors, call, (inner) =>
      ignoreErrors(callHandler(handler as StreamingHandler, inner)),
    );
    if (method.responseItem === undefined) return result;
    const leave = (error: unknown): void => this.#leave(error);
    return sendItems(result, this.#call, method.responseItem, method.scope, this.#context, leave);
  }

  /** The request stream, as the handler takes it. */
  #receive(type: ItemType): AsyncIterable<unknown, undefined> {
    const { scope } = this.#route.method;
    this.#items = receiveItems(this.#call, type, scope, this.#context.peer, (reason) => this.#abort(reason));
    return this.#items;
  }

  /** The handler gave what cannot be sent: it is left, which may take long, so the caller is told at once. */
  #leave(error: unknown): void {
    if (!this.#call.answered) this.#abort(failureOf(error, this.#failing));
  }

  /** Only a handler that waits can be cancelled or miss its deadline, so only then is there something to set up. */
  #await(result: PromiseLike<unknown>): void {
    this.#call.listen((reason) => this.#abort(reason));
    const left = Math.max(0, this.#context.deadline - Date.now());
    // The wire has room for twice as much as a timer.
    if (left <= MAX_TIMEOUT && !this.#call.answered)
      this.#timer = setTimeout(() => this.#abort(deadlineExceeded()), left);
    // Not every thenable keeps its word that it settles once: a promise does.
    Promise.resolve(result)
      .then(
        (value) => this.#succeed(value),
        (error) => this.#fail(error),
      )
      // Whatever goes wrong while a call is answered concerns this call, and must not end the process.
      .catch((error) => this.#giveUp(error));
  }

  #giveUp(error: unknown): void {
    this.#config.log.error({ err: error, method: this.#context.method }, "a call could not be answered");
    this.#call.answer(
      "INTERNAL",
      this.#call.codec.encodeError(new RpcError("INTERNAL", "the call could not be answered")),
    );
    this.#done();
  }

  /** Answers at once; the call keeps its place until the handler is done. */
  #abort(reason: RpcError): void {
    clearTimeout(this.#timer);
    this.#answer(reason);
    this.#context.abort(reason);
    this.#items?.abort(reason);
    this.#call.stop(reason);
  }

  #succeed(value: unknown): void {
    try {
      if (!this.#call.answered)
        this.#reply("OK", encodeResponse(value, this.#route.method, this.#call.codec, this.#caller.maxMessage));
      this.#done();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Answers with a status of the runtime's own: what the schema declares for it concerns handlers only. */
  #refuse(error: unknown): void {
    this.#answer(error instanceof RpcError ? error : internal(error, this.#failing));
    this.#done();
  }

  #fail(error: unknown): void {
    if (!this.#call.answered) this.#answer(failureOf(error, this.#failing));
    this.#done();
  }

  /** What a handler throws may hold anything, also what JSON cannot carry, or more than a message may. */
  #answer(failure: RpcError): void {
    let body: EncodedValue;
    try {
      body = this.#call.codec.encodeError(failure);
      checkSize(body, this.#caller.maxMessage, `error (${failure.status})`);
    } catch (error) {
      const instead = error instanceof RpcError ? error : internal(error, this.#failing);
      this.#reply(instead.status, this.#call.codec.encodeError(instead));
      return;
    }
    this.#reply(failure.status, body);
  }

  get #failing(): FailureConfig {
    return { method: this.#route.method, log: this.#context.log, exposeErrors: this.#config.exposeErrors };
  }

  #reply(status: StatusName, body: EncodedValue): void {
    this.#context.sendHeaders(this.#call);
    this.#call.answer(status, body, this.#context.response?.trailers);
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    // What the handler has left reading on its own must not wait for ever, nor take what came so far for all of it.
    if (this.#items?.ended === false) this.#items.abort(new RpcError("CANCELLED", "the handler has ended the call"));
    this.#items?.release();
    this.#call.release();
  }
}

function callHandler(handler: StreamingHandler, { request, items, ctx }: ServerCallInfo): unknown {
  return items === undefined ? handler(request, ctx) : handler(request, items, ctx);
}

function deadlineExceeded(): RpcError {
  return new RpcError("DEADLINE_EXCEEDED", "the handler did not finish before the deadline");
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}
