import { MAX_TIMEOUT } from "../../base/check-number.js";
import { checkRequest } from "../../codec/check.js";
import type { EncodedValue } from "../../codec/codec.js";
import { isBuiltIn } from "../../contract/built-in/built-in-api.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { StatusName } from "../../contract/status.js";
import { afterBegin } from "../../wire/flow/over-quota.js";
import { isPromise } from "../../wire/iterator-of.js";
import type { RequestStream } from "../upload/upload-items.js";
import { authorize, checkStreams, withParams } from "./admit.js";
import { CallContext, type Caller, type OnceDispatch } from "./call-context.js";
import type { CallPort } from "./call-port.js";
import { runInCall, tracedCalls } from "./current-call.js";
import { encodeFailure, handlerError, internalError } from "./handler-error.js";
import { interceptCall, type ServerCallInfo } from "./interceptor.js";
import type { Route } from "./route.js";
import { encodeResponse, sendItems } from "./send-response.js";

/**
 * Runs one call: authorize, decode, validate, intercept, handle, answer. The calls of all adapters come here, so the order of
 * the checks is written once.
 */
export class Dispatch implements OnceDispatch {
  call: CallPort;
  readonly #route: Route;
  readonly context: CallContext;
  readonly #caller: Caller;
  #timer: NodeJS.Timeout | undefined;
  #items: RequestStream | undefined;
  #isDone = false;
  #isStuck = false;
  #stuckTimer: NodeJS.Timeout | undefined;

  constructor(call: CallPort, route: Route, caller: Caller) {
    this.call = call;
    this.#caller = caller;
    this.#route = route;
    this.context = new CallContext(route, caller, call);
  }

  /**
   * Runs the call to its answer. It never throws.
   * @param decode returns the request; called at most once, within this call
   */
  run(decode: () => unknown): void {
    let request: unknown;
    try {
      request = this.#admit(decode);
    } catch (error) {
      this.refuse(error);
      return;
    }
    // Calls without metadata, and those of idempotent methods, have no key.
    if (this.call.metadata.size > 0 && !this.#route.method.idempotent) this.#caller.config.runOnce(this, request);
    else this.handle(request);
  }

  /** Returns the request, checked. @throws RpcError the reason why the runtime refuses the call */
  #admit(decode: () => unknown): unknown {
    const { method, params } = this.#route;
    authorize(this.context.peer, method.scope);
    const { stuck, refusal } = this.#caller.config;
    // An operator sees the state of a server that refuses calls; what changes something is refused, as without a record of it.
    const isOfOperators = isBuiltIn(method) && method.verb === "GET";
    const refused = isOfOperators ? undefined : refusal?.();
    const excess = refused ?? (stuck.counts.size === 0 ? undefined : stuck.excess(method.id));
    if (excess !== undefined) throw excess;
    checkStreams(method, this.call, this.#caller);
    const request = withParams(decode(), params);
    checkRequest(request, method.request, method.id);
    return request;
  }

  /** Calls the handler. */
  handle(request: unknown, call = this.call): void {
    this.call = call;
    call.accept();
    try {
      const isTraced = tracedCalls !== undefined || this.#caller.config.runCall !== undefined;
      const result = isTraced ? this.#runPart(() => this.#start(request)) : this.#start(request);
      if (isPromise(result)) this.#await(result);
      else this.#succeed(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Runs code of the application in the context of the call. */
  #runPart<Result>(work: () => Result): Result {
    const { runCall } = this.#caller.config;
    if (runCall === undefined) return runInCall(this.context, work);
    return runCall({ call: this.call.number }, () => runInCall(this.context, work));
  }

  #start(request: unknown): unknown {
    const { method, handler } = this.#route;
    const { interceptors } = this.#caller.config;
    if (method.kind === "unary" && interceptors.length === 0) {
      this.call.begin?.();
      return handler(request, this.context);
    }
    const items = this.receive();
    const call: ServerCallInfo = { method, request, items, ctx: this.context };
    const result = interceptCall(interceptors, call, handler, this.call);
    if (method.responseItem === undefined) return result;
    return sendItems(result, this.call, this.context, (error) => this.#stopped(error));
  }

  /** The request stream, if the method has one. */
  receive(): RequestStream | undefined {
    const { scope, maxRequestItem: maxSize, requestItem: type } = this.#route.method;
    if (type === undefined || this.#items !== undefined) return this.#items;
    const { peer } = this.context;
    this.#items = this.call.receive({
      type,
      shape: this.#caller.config.shape,
      maxSize,
      authorize: () => authorize(peer, scope),
      abort: (reason) => this.#abort(afterBegin(reason)),
    });
    return this.#items;
  }

  /** An item of the handler cannot be sent. Its `finally` may take long, so the caller is answered first. */
  #stopped(error: unknown): void {
    if (!this.call.answered) this.#abort(handlerError(error, this.#errorContext));
  }

  /** Only an asynchronous handler can be cancelled or exceed its deadline: others need no listener and no timer. */
  #await(result: PromiseLike<unknown>): void {
    this.call.listen((reason) => this.#abort(reason));
    const remaining = Math.max(0, this.context.deadline - Date.now());
    // The wire carries timeouts twice as long as those of a timer.
    if (remaining <= MAX_TIMEOUT && !this.call.answered)
      this.#timer = setTimeout(() => this.#abort(deadlineExceeded()), remaining);
    // A thenable may settle more than once; a promise does not.
    Promise.resolve(result)
      .then(
        (value) => this.#succeed(value),
        (error) => this.#fail(error),
      )
      // An error while a call is answered must not end the process.
      .catch((error) => this.#giveUp(error));
  }

  #giveUp(error: unknown): void {
    const { config, peer } = this.#caller;
    const { method } = this.context;
    if (config.failures.admit(peer, `${method} not answered`))
      config.log.error({ err: error, method }, "a call could not be answered");
    const failure = new RpcError("INTERNAL", "the call could not be answered", { cause: error });
    this.call.answer(failure.status, this.call.codec.encodeError(failure), undefined, failure);
    this.done();
  }

  /** Answers at once; the call counts as running until the handler is done, or stuck. */
  #abort(reason: RpcError): void {
    clearTimeout(this.#timer);
    // Listeners of an AbortSignal run in the context of the code that aborts it. Observers forget a call that is answered.
    this.#runPart(() => {
      this.#answer(reason, "abort");
      this.context.abort(reason);
    });
    this.#items?.abort(reason);
    this.call.stop(reason);
    if (!this.#isDone) this.#stuckTimer ??= setTimeout(() => this.#stuck(), this.#caller.config.stuck.grace).unref();
  }

  /** The handler goes on although its call has ended: another call may take its place. */
  #stuck(): void {
    this.#isStuck = true;
    this.#caller.config.stuck.add(this.#route.method.id, this.context.peer);
    this.call.releaseSlot();
  }

  #succeed(value: unknown): void {
    try {
      if (!this.call.answered)
        this.#reply("OK", encodeResponse(value, this.#route.method, this.call.codec, this.#caller));
      this.done();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Answers with a status of the runtime: the error details of the schema do not apply to it. */
  refuse(error: unknown): void {
    // The caller may send the call again where others hold what it needs, and only because its handler was not called.
    if (error instanceof RpcError && error.status === "RESOURCE_EXHAUSTED") {
      this.call.refuse(this.call.codec.encodeError(error), error);
    } else {
      this.#answer(error instanceof RpcError ? error : internalError(error, this.#errorContext));
    }
    this.done();
  }

  #fail(error: unknown): void {
    if (!this.call.answered) this.#answer(handlerError(error, this.#errorContext));
    this.done();
  }

  #answer(failure: RpcError, by: "answer" | "abort" = "answer"): void {
    const { error, body } = encodeFailure(failure, this.call, this.#caller.maxMessage, this.#errorContext);
    this.#reply(error.status, body, error, by);
  }

  get #errorContext(): Parameters<typeof handlerError>[1] {
    const { config, peer } = this.#caller;
    const { log, abortReason } = this.context;
    return { method: this.#route.method, peer, log, abortReason, config };
  }

  #reply(status: StatusName, body: EncodedValue, error?: RpcError, by: "answer" | "abort" = "answer"): void {
    this.context.sendHeaders(this.call);
    const trailers = this.context.response?.trailers;
    if (by === "answer") this.call.answer(status, body, trailers, error);
    else this.call.abort(status, body, trailers, error);
  }

  /** The handler has ended, or will not be called. */
  done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#stuckTimer);
    // A reader that the handler left behind gets an error: its stream is incomplete.
    if (this.#items?.ended === false) this.#items.abort(new RpcError("CANCELLED", "the handler has finished"));
    this.#items?.release();
    if (this.#isStuck) this.#caller.config.stuck.remove(this.#route.method.id);
    this.call.release();
  }
}

function deadlineExceeded(): RpcError {
  return new RpcError("DEADLINE_EXCEEDED", "the handler did not finish before the deadline");
}
