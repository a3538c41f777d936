import type { Logger } from "../../base/log.js";
import type { Peer } from "../../base/peer.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ErrorStatus } from "../../contract/status.js";
import type { Metadata } from "../../wire/metadata.js";
import type { CallPort } from "./call-port.js";
import type { Caller } from "./caller.js";
import type { ConnectedClient } from "./connected-client.js";
import type { Context } from "./context.js";
import { ResponseMetadata } from "./response-metadata.js";

/** The context of one call. What few handlers ask for is made when they ask: a small call should cost little. */
export class CallContext implements Context {
  readonly method: string;
  readonly deadline: number;
  readonly metadata: Metadata;
  readonly peer: Peer;
  readonly #caller: Caller;
  #response: ResponseMetadata | undefined;
  #headersTaken = false;
  #controller: AbortController | undefined;
  #reason: RpcError | undefined;

  constructor(method: string, deadline: number, metadata: Metadata, caller: Caller) {
    this.method = method;
    this.deadline = deadline;
    this.metadata = metadata;
    this.peer = caller.peer;
    this.#caller = caller;
  }

  /** The metadata of the answer, where the handler has set some. */
  get response(): ResponseMetadata | undefined {
    return this.#response;
  }

  /** Generated code gives it its type. */
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

  get log(): Logger {
    const { method, peer } = this;
    const about = { method, user: peer.user, fingerprint: peer.fingerprint, address: peer.address };
    const logger = this.#caller.config.log;
    return {
      debug: (fields, message) => logger.debug({ ...about, ...fields }, message),
      info: (fields, message) => logger.info({ ...about, ...fields }, message),
      warn: (fields, message) => logger.warn({ ...about, ...fields }, message),
      error: (fields, message) => logger.error({ ...about, ...fields }, message),
    };
  }

  readonly fail = (status: ErrorStatus, details?: unknown, message?: string): never => {
    throw new RpcError(status, message, { details });
  };

  readonly setHeader = (name: string, value: string): void => this.#respond().header(name, value);

  readonly setTrailer = (name: string, value: string): void => this.#respond().trailer(name, value);

  #respond(): ResponseMetadata {
    if (this.#response === undefined) {
      this.#response = new ResponseMetadata(this.#caller.config.metadata);
      if (this.#headersTaken) this.#response.takeHeaders();
    }
    return this.#response;
  }

  /** Sends the headers, once: what is set after that comes too late. */
  sendHeaders(call: CallPort): void {
    this.#headersTaken = true;
    const headers = this.#response?.takeHeaders();
    if (headers !== undefined) call.sendHeaders(headers);
  }

  /** Aborts the signal, now or when somebody asks for it. */
  abort(reason: RpcError): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }
}
