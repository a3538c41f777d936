import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import type { ServerAccount } from "../../base/accounts/server-account.js";
import { MAX_TIMEOUT } from "../../base/check-number.js";
import { errorMessage } from "../../base/error-message.js";
import type { Observer } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import { wrongNumber } from "../../base/wrong-type.js";
import { checkMethodSize, checkShape } from "../../codec/check-shape.js";
import { EncodedJson } from "../../codec/encoded-json.js";
import { jsonCodec } from "../../codec/json.js";
import { HEALTH } from "../../contract/built-in/operations.js";
import { IDEMPOTENCY_KEY } from "../../contract/idempotency.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { overQuota } from "../../wire/flow/over-quota.js";
import { CALL_WEIGHT, COVERED_TEXT, type Limits, STREAMS_WEIGHT, tooLarge } from "../../wire/limits.js";
import { encodeMetadata, type Metadata, NO_METADATA, parseMetadata, RESUME_AFTER } from "../../wire/metadata.js";
import type { DispatchConfig } from "../call/call-context.js";
import type { ConnectedClient } from "../call/context.js";
import { Dispatch } from "../call/dispatch.js";
import type { Route } from "../call/route.js";
import { LocalCall, type LocalCallHost } from "./local-call.js";
import type { LocalCallOptions, LocalCallResult } from "./local-call-options.js";

/** What the calls in this process share with the other calls of their server. */
interface LocalCallsConfig {
  readonly dispatch: DispatchConfig;
  readonly limits: Limits;
  readonly accounts: ServerAccount;
  /** Receives each call. */
  readonly observer: Observer;
  /** Returns the connected clients, whose calls are charged to an account. */
  readonly clients: (account: ConnectionAccount) => readonly ConnectedClient<unknown>[];
  /** Returns the client of a caller without a connection: its calls are refused. */
  readonly callbacks: (account: ConnectionAccount | undefined) => unknown;
}

/** The calls that adapters make in this process. The calls of one peer share a limit, like those of one connection. */
export class LocalCalls {
  readonly #config: LocalCallsConfig;
  readonly #host: LocalCallHost;
  readonly #running = new Map<Peer, Set<LocalCall>>();
  #refusal: RpcError | undefined;
  #isStopped = false;
  #onIdle: (() => void) | undefined;

  constructor(config: LocalCallsConfig) {
    this.#config = config;
    this.#host = {
      ended: (call, status, bytesOut, error) => {
        const { peer, name: method, milliseconds, bytesIn, itemsIn, itemsOut, accepted } = call;
        const refused = accepted ? undefined : true;
        const sizes = { bytesIn, bytesOut, itemsIn, itemsOut };
        config.observer.callEnded?.({
          call: call.number,
          side: "server",
          peer,
          method,
          unknown: call.method === undefined ? true : undefined,
          deprecated: call.method?.deprecated,
          status,
          milliseconds,
          ...sizes,
          error,
          refused,
        });
        if (this.#isIdle) this.#onIdle?.();
      },
      release: (call) => this.#release(call),
      releaseSlot: ({ peer }) => config.accounts.of(peer).give("calls", 1),
    };
  }

  /** The peers whose calls run. */
  clients(account: ConnectionAccount | undefined): readonly ConnectedClient<unknown>[] {
    if (this.#running.size === 0) return [];
    const callbacks = this.#config.callbacks(account);
    return [...this.#running.keys()].map((peer) => ({ peer, callbacks }));
  }

  /** The peers whose calls run. */
  get callers(): Iterable<Peer> {
    return this.#running.keys();
  }

  /** The methods of the calls that run; undefined for those that do not exist. */
  get methods(): readonly (Method | undefined)[] {
    return [...this.#running.values()].flatMap((calls) => [...calls].map(({ method }) => method));
  }

  /**
   * Begins a call. It never throws: a refused call ends with the RpcError.
   * @param reference what the caller asked for
   * @param route its target, or the error of an unknown reference
   */
  begin(reference: string, route: Route | RpcError, request: unknown, options: LocalCallOptions): LocalCallResult {
    const { limits, accounts, dispatch, clients, callbacks } = this.#config;
    const { peer, expects } = options;
    const account = accounts.of(peer);
    const admitted = this.#admit(route, request, options);
    const call = new LocalCall({
      name: route instanceof RpcError ? reference : route.method.id,
      method: route instanceof RpcError ? undefined : route.method,
      host: this.#host,
      options,
      metadata: admitted.metadata,
      maxMessage: limits.message,
      size: admitted.size,
      weight: admitted.weight,
      account,
    });
    this.#config.observer.callStarted?.({
      call: call.number,
      side: "server",
      peer,
      method: call.name,
      unknown: call.method === undefined ? true : undefined,
      deprecated: call.method?.deprecated,
      metadata: call.metadata.size > 0 ? call.metadata : undefined,
    });
    this.#running.set(peer, (this.#running.get(peer) ?? new Set()).add(call));
    if ("refusal" in admitted) {
      call.fail(admitted.refusal);
      call.release();
    } else {
      const caller = {
        peer,
        maxMessage: limits.message,
        items: expects,
        positions: true,
        callbacks: callbacks(account),
        clients: () => clients(account),
        config: dispatch,
      };
      new Dispatch(call, admitted.route, caller).run(() => admitted.request.value);
    }
    return call;
  }

  /** Refuses further calls; resolves when those that run have their status. */
  async drain(reason: string): Promise<void> {
    this.#refusal ??= new RpcError("UNAVAILABLE", reason);
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Refuses further calls, and ends those that run with UNAVAILABLE. */
  stop(reason: string): void {
    this.#isStopped = true;
    this.#refusal ??= new RpcError("UNAVAILABLE", reason);
    for (const call of [...this.#running.values()].flatMap((calls) => [...calls])) {
      call.cancel(this.#refusal);
      call.fail(this.#refusal);
    }
  }

  /** Takes what the call holds, or returns why it is refused: then it holds nothing. */
  #admit(route: Route | RpcError, body: unknown, options: LocalCallOptions): Admitted {
    const { limits, accounts } = this.#config;
    let size = 0;
    try {
      if (route instanceof RpcError) throw route;
      const request = body instanceof EncodedJson ? body : new EncodedJson(encodeRequest(body));
      size = Buffer.byteLength(request.text);
      if (size > limits.message) throw tooLarge(size, limits.message, "request");
      checkMethodSize(size, route.method.maxRequest, "request");
      const held = checkShape({ buffer: Buffer.from(request.text), start: 0, end: size }, limits);
      const streams = route.method.kind === "unary" ? 0 : STREAMS_WEIGHT;
      const weight = CALL_WEIGHT + streams + (size > COVERED_TEXT ? held : 0);
      const metadata = checkCallOptions(options, limits);
      // A monitor asks on a connection that it has kept open.
      if (this.#refusal !== undefined && (this.#isStopped || route.method.id !== HEALTH.id)) throw this.#refusal;
      const account = accounts.of(options.peer);
      const noCall = overQuota(account.beginCall());
      if (noCall !== undefined) throw noCall;
      const noBytes = overQuota(account.take("bytes", weight));
      if (noBytes !== undefined) {
        account.endCall();
        throw noBytes;
      }
      return { route, request, metadata, size, weight };
    } catch (error) {
      if (error instanceof RpcError) return { refusal: error, metadata: NO_METADATA, size, weight: 0 };
      throw error;
    }
  }

  #release(call: LocalCall): void {
    if (call.weight > 0) {
      const account = this.#config.accounts.of(call.peer);
      account.give("bytes", call.weight);
      if (call.hasSlot) account.endCall();
    }
    const running = this.#running.get(call.peer);
    running?.delete(call);
    if (running?.size === 0) this.#running.delete(call.peer);
  }

  /** Whether each call has its status. */
  get #isIdle(): boolean {
    return [...this.#running.values()].every((calls) => [...calls].every(({ answered }) => answered));
  }
}

type Admitted = { readonly metadata: Metadata; readonly size: number; readonly weight: number } & (
  | { readonly refusal: RpcError }
  | { readonly route: Route; readonly request: EncodedJson }
);

/** The headers of a call whose options are valid. @throws RpcError */
function checkCallOptions(options: LocalCallOptions, limits: Limits): Metadata {
  const { metadata, idempotencyKey, resumeAfter, signal, timeout } = options;
  if (signal?.aborted) throw new RpcError("CANCELLED", "the caller cancelled the call", { cause: signal.reason });
  if (timeout !== undefined && !(timeout > 0 && timeout <= MAX_TIMEOUT)) {
    throw new RpcError(
      "BAD_REQUEST",
      `option timeout: ${wrongNumber(timeout, `a number of ms over 0 and up to ${MAX_TIMEOUT}`)}`,
    );
  }
  if (metadata === undefined && idempotencyKey === undefined && resumeAfter === undefined) return NO_METADATA;
  const headers = {
    ...metadata,
    ...(idempotencyKey !== undefined && { [IDEMPOTENCY_KEY]: idempotencyKey }),
    ...(resumeAfter !== undefined && { [RESUME_AFTER]: resumeAfter }),
  };
  const text = encodeMetadata(headers, limits.metadata);
  return text === undefined ? NO_METADATA : parseMetadata(text);
}

/** A value that any schema accepts may still be one that JSON cannot carry. @throws RpcError BAD_REQUEST */
function encodeRequest(request: unknown): string {
  try {
    return jsonCodec.encode(request ?? {}) as string;
  } catch (error) {
    const [reason] = errorMessage(error).split("\n");
    throw new RpcError("BAD_REQUEST", `the request cannot be written as JSON: ${reason}`, { cause: error });
  }
}
