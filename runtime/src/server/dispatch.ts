import { randomUUID } from "node:crypto";
import { checkRequest } from "../codec/check.js";
import { encodeErrorBody } from "../codec/error-body.js";
import { describeIssues, issuesOf } from "../codec/issues.js";
import { decodeJson, encodeJson } from "../codec/json.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Logger } from "../log.js";
import { grants, type Peer } from "../peer.js";
import type { IncomingCall } from "../wire/incoming-calls.js";
import type { Metadata } from "../wire/metadata.js";
import { CallContext } from "./call-context.js";
import type { Route } from "./router.js";

/** What all calls of a server share. */
export interface DispatchSettings {
  /** Milliseconds that a call may take where its caller and its method do not say. */
  readonly timeout: number;
  /** Bytes of a response that the other side takes. */
  readonly message: number;
  /** Whether callers see what an undeclared error says, with its stack: for development only. */
  readonly exposeErrors: boolean;
  readonly log: Logger;
}

/**
 * Runs one call: authorize, decode, validate, handle, answer. Every way in ends here, so that the order of the checks
 * is written once.
 */
export class Dispatch {
  readonly #call: IncomingCall;
  readonly #route: Route;
  readonly #settings: DispatchSettings;
  readonly #context: CallContext;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    call: IncomingCall,
    route: Route,
    peer: Peer,
    timeout: number,
    metadata: Metadata,
    settings: DispatchSettings,
  ) {
    const { method } = route;
    this.#call = call;
    this.#route = route;
    this.#settings = settings;
    const time = timeout || method.timeout || settings.timeout;
    this.#context = new CallContext(method.id, Date.now() + time, metadata, peer, settings.log);
  }

  /** Runs the call to its answer. It never throws. */
  run(buffer: Buffer, start: number, end: number): void {
    try {
      const { method, handler, params } = this.#route;
      authorize(this.#context.peer, method.scope);
      const request = withParams(start === end ? {} : decodeJson(buffer, start, end), params);
      checkRequest(request, method.request, method.id);
      const result = handler(request, this.#context);
      if (isPromise(result)) this.#await(result);
      else this.#succeed(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Only a handler that waits can be cancelled or miss its deadline, so only then is there something to set up. */
  #await(result: PromiseLike<unknown>): void {
    this.#call.onCancel = (reason) => this.#abort(reason);
    const left = Math.max(0, this.#context.deadline - Date.now());
    this.#timer = setTimeout(() => this.#abort(deadlineExceeded()), left);
    result.then(
      (value) => this.#succeed(value),
      (error) => this.#fail(error),
    );
  }

  /** Answers at once; the call keeps its place until the handler is done. */
  #abort(reason: RpcError): void {
    clearTimeout(this.#timer);
    this.#call.answer(reason.status, encodeErrorBody(reason));
    this.#context.abort(reason);
  }

  #succeed(value: unknown): void {
    try {
      if (!this.#call.answered) this.#call.answer("OK", this.#encode(value === undefined ? null : value));
      this.#done();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#call.answered) {
      const failure = this.#failure(error);
      this.#call.answer(failure.status, encodeErrorBody(failure));
    }
    this.#done();
  }

  #done(): void {
    clearTimeout(this.#timer);
    this.#call.release();
  }

  #encode(response: unknown): string {
    const { method } = this.#route;
    if (!method.response(response)) {
      throw new Error(`the handler's response does not fit the contract: ${describeIssues(issuesOf(method.response))}`);
    }
    const body = encodeJson(response);
    const limit = this.#settings.message;
    const size = body.length * 3 > limit ? Buffer.byteLength(body) : 0;
    if (size <= limit) return body;
    throw new RpcError("MESSAGE_TOO_LARGE", `the response has ${size} bytes; the limit is ${limit} (limits.message)`);
  }

  /** What the caller is told of an error: what was meant for it, or a reference to the log. */
  #failure(error: unknown): RpcError {
    if (error instanceof RpcError) return this.#declared(error);
    const reference = randomUUID().slice(0, 8);
    this.#context.log.error({ err: error, reference }, "a handler failed");
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    if (this.#settings.exposeErrors) return new RpcError("INTERNAL", message, { details: { reference, stack } });
    return new RpcError("INTERNAL", `the handler failed; the server's log says why, under ${reference}`, {
      details: { reference },
    });
  }

  /** Details of a declared status must be what the schema says: the caller's types rely on it. */
  #declared(error: RpcError): RpcError {
    const { method } = this.#route;
    const validator = method.errors?.[error.status];
    if (validator === undefined || validator(error.details)) return error;
    const issues = describeIssues(issuesOf(validator));
    return this.#failure(
      new Error(`the details of ${error.status} do not fit the contract: ${issues}`, { cause: error }),
    );
  }
}

function authorize(peer: Peer, scope: string | undefined): void {
  if (scope === undefined || grants(peer.scopes, scope)) return;
  const held = peer.scopes.length === 0 ? "none" : peer.scopes.join(", ");
  throw new RpcError("FORBIDDEN", `it needs the scope ${scope}; ${peer.user} holds ${held}`);
}

/** Adds the fields that stand in the path. The same field with another value in the body is a contradiction. */
function withParams(request: unknown, params: Readonly<Record<string, unknown>> | undefined): unknown {
  if (params === undefined || typeof request !== "object" || request === null || Array.isArray(request)) return request;
  for (const [name, value] of Object.entries(params)) {
    const given = (request as Record<string, unknown>)[name];
    if (given !== undefined && given !== value) {
      throw new RpcError(
        "BAD_REQUEST",
        `${name} is ${JSON.stringify(value)} in the path and ${JSON.stringify(given)} in the request`,
      );
    }
  }
  return { ...request, ...params };
}

function deadlineExceeded(): RpcError {
  return new RpcError("DEADLINE_EXCEEDED", "the handler did not finish before the deadline");
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}
