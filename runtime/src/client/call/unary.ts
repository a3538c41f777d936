import type { Result } from "../../contract/result.js";
import type { Metadata } from "../../wire/metadata.js";

/** The call that a handler is answering, as its context has it. */
export interface ParentCall {
  readonly signal: AbortSignal;
  readonly deadline: number;
  readonly metadata: Metadata;
}

/** What a caller may say of one call. */
export interface CallOptions {
  /**
   * How long the call may take, in milliseconds. Default: the method's own timeout; else the client's, for a unary call, and no
   * limit for one that streams.
   */
  readonly timeout?: number;
  /** Cancels the call when it aborts. */
  readonly signal?: AbortSignal;
  /** Headers that go with the request. Names are lower-cased; a name may have several values. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>;
  /**
   * The context of the handler that makes this call: the call then has no more time than is left of the handler's, is
   * cancelled with it, and belongs to its trace (`traceparent`).
   */
  readonly parent?: ParentCall;
  /** Is given the headers that the handler sends, before its first item or its status. Not called where it sends none. */
  readonly onHeaders?: (headers: Metadata) => void;
  /** Is given the trailers that come with the status, whatever it is; they may be empty. */
  readonly onTrailers?: (trailers: Metadata) => void;
}

/** A unary method of a generated client. */
export interface UnaryMethod<Request, Response, Failure> {
  /** Resolves with the response; rejects with an RpcError. */
  (request: Request, options?: CallOptions): Promise<Response>;
  /** The same call, never rejecting: the error comes as a value of its declared type. */
  safe(request: Request, options?: CallOptions): Promise<Result<Response, Failure>>;
}

/** A unary method whose request has no required field: it may be left out. */
export interface UnaryMethodOptional<Request, Response, Failure> {
  /** Resolves with the response; rejects with an RpcError. */
  (request?: Request, options?: CallOptions): Promise<Response>;
  /** The same call, never rejecting: the error comes as a value of its declared type. */
  safe(request?: Request, options?: CallOptions): Promise<Result<Response, Failure>>;
}
