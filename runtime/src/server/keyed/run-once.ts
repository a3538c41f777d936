import { identityOf } from "../../base/accounts/identity.js";
import { MAX_TIMEOUT } from "../../base/check-number.js";
import { decodeError } from "../../codec/error-body.js";
import { RESUME_UPLOAD } from "../../contract/idempotency.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isPromise } from "../../wire/iterator-of.js";
import type { DispatchConfig, OnceDispatch } from "../call/call-context.js";
import type { CallPort } from "../call/call-port.js";
import type { Ledger, LedgerEntry, LedgerOutcome, NewEntry } from "../ledger/ledger.js";
import { callKey, digestOf, doneKeys, keyConflict } from "./call-key.js";
import type { DetachedCalls } from "./detached-calls.js";
import { KeyedCall, pendingTrailer } from "./keyed-call.js";

/** The ledger of a server. */
export interface ServerLedger {
  readonly ledger: Ledger;
  /** The calls that go on without their connection. */
  readonly detached: DetachedCalls;
  /** The calls whose request streams can go on with another attempt, by identity, method and key. */
  readonly uploads: Map<string, KeyedCall>;
  /** Whether the ledger outlives the server. */
  readonly isLasting: boolean;
}

/**
 * Returns what runs the handler of a call if the ledger has no entry for its key, and otherwise answers with what the ledger has. It
 * never throws.
 */
export function runOnce(server: ServerLedger | undefined): DispatchConfig["runOnce"] {
  return (dispatch, request) => {
    try {
      const { call, context } = dispatch;
      const key = callKey(call.metadata);
      if (key === undefined) {
        dispatch.handle(request, call);
        return;
      }
      if (server === undefined) throw noLedger();
      const { ledger } = server;
      // No object is spread here: each call with a key would pay for it.
      const identity = identityOf(context.peer);
      const done = doneKeys(key, call.metadata);
      if (done.length > 0) ledger.forget(identity, done);
      const { id: method, onInterrupt } = context.route.method;
      const rerun = onInterrupt === "run";
      const entry = ledger.begin({ identity, method, key, digest: digestOf(request), rerun });
      const once = { dispatch, request, server };
      if (isPromise(entry)) void proceedLater(entry, once);
      else proceed(entry, once);
    } catch (error) {
      dispatch.refuse(error);
    }
  };
}

function noLedger(): RpcError {
  return new RpcError("UNIMPLEMENTED", "this server has no ledger of idempotency keys; send the call without one");
}

interface Once {
  readonly dispatch: OnceDispatch;
  readonly request: unknown;
  readonly server: ServerLedger;
}

async function proceedLater(pending: PromiseLike<LedgerEntry>, once: Once): Promise<void> {
  const { dispatch } = once;
  const { call } = dispatch;
  let cancelled: RpcError | undefined;
  call.listen((reason) => {
    cancelled = reason;
  });
  // Its items may arrive before the ledger has answered.
  const items = dispatch.receive();
  try {
    const entry = await pending;
    if (cancelled !== undefined && entry.state === "new") {
      // Others that wait for it are to send their calls again: it has not run.
      const ended = new RpcError(
        "UNAVAILABLE",
        "an earlier call with this idempotency key ended before its handler was called",
      );
      const body = String(call.codec.encodeError(ended));
      entry.release({ status: ended.status, code: ended.code, body, trailers: pendingTrailer() });
    }
    if (cancelled !== undefined) throw cancelled;
    proceed(entry, once);
  } catch (error) {
    items?.abort(new RpcError("CANCELLED", "the handler is not called"));
    dispatch.refuse(error);
  }
}

function proceed(entry: LedgerEntry, { dispatch, request, server }: Once): void {
  const { call, context } = dispatch;
  switch (entry.state) {
    case "new":
      dispatch.handle(request, newCall(dispatch, entry, server));
      return;
    case "recorded":
      replay(entry.outcome, call, context.route.method);
      dispatch.done();
      return;
    case "running":
      void new WaitingRepeat(dispatch, server).until(entry.outcome);
      return;
    case "interrupted":
      throw interrupted();
    case "conflict":
      throw keyConflict(callKey(call.metadata) ?? "");
  }
}

/** The first call with its key. Another attempt can go on with its request stream, if its caller can send it from an offset. */
function newCall(dispatch: OnceDispatch, entry: NewEntry, { detached, uploads, isLasting }: ServerLedger): KeyedCall {
  const name = uploadName(dispatch);
  if (name === undefined) return new KeyedCall(dispatch, entry, { detached, isLasting });
  const call = new KeyedCall(dispatch, entry, { detached, isLasting, done: () => void uploads.delete(name) });
  uploads.set(name, call);
  return call;
}

/** The call that runs, if this one can go on with its request stream. */
function runningUpload(dispatch: OnceDispatch, { uploads }: ServerLedger): KeyedCall | undefined {
  const name = uploadName(dispatch);
  return name === undefined ? undefined : uploads.get(name);
}

/** The name of a call whose caller can send its request stream from an offset; undefined for any other. */
function uploadName({ call: { metadata }, context: { peer, method } }: OnceDispatch): string | undefined {
  if (!metadata.has(RESUME_UPLOAD)) return undefined;
  return JSON.stringify([identityOf(peer), method, callKey(metadata)]);
}

function replay({ status, code, headers, body, trailers }: LedgerOutcome, call: CallPort, { id }: Method): void {
  if (headers !== undefined) call.sendHeaders(headers);
  call.answer(status, body, trailers, status === "OK" ? undefined : decodeError(code, parse(body), id));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function interrupted(): RpcError {
  const message = "the server stopped while an earlier call with this idempotency key ran; it may have had its effect";
  return new RpcError("INTERRUPTED", `${message}, so it is not run again`);
}

/** A repeat of a call that runs: it waits for its outcome. Its own cancel, deadline or lost connection ends the wait alone. */
class WaitingRepeat {
  readonly #dispatch: OnceDispatch;
  /** Ends what it sends of the request stream of the call that runs. */
  readonly #detach: ((cancelled?: RpcError) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  readonly #isLasting: boolean;

  constructor(dispatch: OnceDispatch, server: ServerLedger) {
    this.#dispatch = dispatch;
    this.#isLasting = server.isLasting;
    this.#detach = runningUpload(dispatch, server)?.attach(dispatch.receive());
  }

  async until(pending: Promise<LedgerOutcome | undefined>): Promise<void> {
    const { call, context } = this.#dispatch;
    call.accept();
    const lost = (reason: RpcError): void => this.#end(reason);
    const cancelled = (reason: RpcError): void => {
      this.#detach?.(reason);
      this.#end(reason);
    };
    if (this.#detach === undefined) call.listen(lost);
    else call.listen(cancelled, lost);
    const remaining = Math.max(0, context.deadline - Date.now());
    if (remaining <= MAX_TIMEOUT && !this.#isOver)
      this.#timer = setTimeout(() => this.#end(deadlineExceeded()), remaining);
    try {
      const outcome = await pending;
      if (this.#isOver) return;
      if (outcome === undefined) this.#end(interrupted());
      else this.#finish(() => replay(outcome, this.#dispatch.call, this.#dispatch.context.route.method));
    } catch (error) {
      if (!this.#isOver) this.#fail(error);
    }
  }

  #end(reason: RpcError): void {
    if (this.#isOver) return;
    const { call } = this.#dispatch;
    // Its server closes: a call of another server gets the outcome.
    const trailers = this.#isLasting && reason.status === "UNAVAILABLE" ? pendingTrailer() : undefined;
    this.#finish(() => call.answer(reason.status, call.codec.encodeError(reason), trailers, reason));
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#detach?.();
    clearTimeout(this.#timer);
    this.#dispatch.refuse(error);
  }

  #finish(answer: () => void): void {
    this.#isOver = true;
    this.#detach?.();
    clearTimeout(this.#timer);
    answer();
    this.#dispatch.done();
  }
}

function deadlineExceeded(): RpcError {
  return new RpcError(
    "DEADLINE_EXCEEDED",
    "the earlier call with this idempotency key did not end before the deadline",
  );
}
