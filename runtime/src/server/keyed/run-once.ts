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
      const { call } = dispatch;
      const key = callKey(call.metadata);
      if (key === undefined) {
        dispatch.handle(request, call);
        return;
      }
      if (server === undefined) throw noLedger();
      const done = doneKeys(key, call.metadata);
      if (done.length > 0) server.ledger.forget(identityOf(dispatch.context.peer), done);
      begin({ dispatch, request, server, key });
    } catch (error) {
      dispatch.refuse(error);
    }
  };
}

/** @throws RpcError the reason why the call is not run */
function begin(once: Once): void {
  const { dispatch, request, server, key } = once;
  const { peer, route } = dispatch.context;
  const { id: method, onInterrupt } = route.method;
  const rerun = onInterrupt === "run";
  const entry = server.ledger.begin({ identity: identityOf(peer), method, key, digest: digestOf(request), rerun });
  if (isPromise(entry)) void proceedLater(entry, once);
  else proceed(entry, once);
}

function noLedger(): RpcError {
  return new RpcError("UNIMPLEMENTED", "this server has no ledger of idempotency keys; send the call without one");
}

interface Once {
  readonly dispatch: OnceDispatch;
  readonly request: unknown;
  readonly server: ServerLedger;
  readonly key: string;
}

/** The ledger may take long to answer: meanwhile the call ends with its caller, or at its deadline. */
async function proceedLater(pending: PromiseLike<LedgerEntry>, once: Once): Promise<void> {
  const { dispatch } = once;
  // Its items may arrive before the ledger has answered.
  const items = dispatch.receive();
  let isOver = false;
  const refuse = (error: unknown): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    items?.abort(new RpcError("CANCELLED", "the handler is not called"));
    dispatch.refuse(error);
  };
  const timer = atDeadline(dispatch, () => refuse(deadlineExceeded("the ledger of the server did not answer")));
  dispatch.call.listen(refuse);
  try {
    const entry = await pending;
    clearTimeout(timer);
    if (!isOver) proceed(entry, once);
    else if (entry.state === "new") entry.release();
  } catch (error) {
    refuse(error);
  }
}

function proceed(entry: LedgerEntry, once: Once): void {
  const { dispatch, request, server, key } = once;
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
      void new WaitingRepeat(once).until(entry.outcome);
      return;
    case "interrupted":
      throw interrupted();
    case "conflict":
      throw keyConflict(key);
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
  const message = "an earlier call with this idempotency key was stopped before its handler had ended";
  return new RpcError("INTERRUPTED", `${message}; it may have had its effect, so it is not run again`);
}

/** A repeat of a call that runs: it waits for its outcome. Its own cancel, deadline or lost connection ends the wait alone. */
class WaitingRepeat {
  readonly #once: Once;
  /** Ends what it sends of the request stream of the call that runs; undefined where it sends nothing of it. */
  readonly #detach: ((cancelled?: RpcError) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(once: Once) {
    const { dispatch, server } = once;
    this.#once = once;
    // If the call that runs ends without an outcome, this one needs its own items.
    const stream = dispatch.receive();
    this.#detach = runningUpload(dispatch, server)?.attach(stream);
  }

  async until(pending: Promise<LedgerOutcome | undefined>): Promise<void> {
    const { dispatch } = this.#once;
    const { call } = dispatch;
    call.accept();
    const lost = (reason: RpcError): void => this.#end(reason);
    const cancelled = (reason: RpcError): void => {
      this.#detach?.(reason);
      this.#end(reason);
    };
    if (this.#detach === undefined) call.listen(lost);
    else call.listen(cancelled, lost);
    if (!this.#isOver)
      this.#timer = atDeadline(dispatch, () =>
        this.#end(deadlineExceeded("an earlier call with this key did not end")),
      );
    try {
      const outcome = await pending;
      if (this.#isOver) return;
      if (outcome === undefined) this.#again();
      else this.#finish(() => replay(outcome, call, dispatch.context.route.method));
    } catch (error) {
      if (!this.#isOver) this.#fail(error);
    }
  }

  /** The call that it waits for has ended without an outcome. */
  #again(): void {
    // Its caller sends its items from the right offset with its next attempt.
    if (this.#detach !== undefined) {
      this.#end(new RpcError("UNAVAILABLE", "the earlier call with this idempotency key was interrupted"), "pending");
      return;
    }
    this.#isOver = true;
    clearTimeout(this.#timer);
    try {
      begin(this.#once);
    } catch (error) {
      this.#once.dispatch.refuse(error);
    }
  }

  #end(reason: RpcError, outcome?: "pending"): void {
    if (this.#isOver) return;
    const { dispatch, server } = this.#once;
    // Where its server closes, a call of another server gets the outcome.
    const isPending = outcome === "pending" || (server.isLasting && reason.status === "UNAVAILABLE");
    const body = dispatch.call.codec.encodeError(reason);
    this.#finish(() => dispatch.call.answer(reason.status, body, isPending ? pendingTrailer() : undefined, reason));
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#detach?.();
    clearTimeout(this.#timer);
    this.#once.dispatch.refuse(error);
  }

  #finish(answer: () => void): void {
    this.#isOver = true;
    this.#detach?.();
    clearTimeout(this.#timer);
    answer();
    this.#once.dispatch.done();
  }
}

function atDeadline({ context }: OnceDispatch, expire: () => void): NodeJS.Timeout | undefined {
  const remaining = Math.max(0, context.deadline - Date.now());
  return remaining <= MAX_TIMEOUT ? setTimeout(expire, remaining) : undefined;
}

function deadlineExceeded(reason: string): RpcError {
  return new RpcError("DEADLINE_EXCEEDED", `${reason} before the deadline`);
}
