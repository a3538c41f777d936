import { identityOf } from "../../base/accounts/identity.js";
import { MAX_TIMEOUT } from "../../base/check-number.js";
import { decodeError } from "../../codec/error-body.js";
import { RESUME_UPLOAD, takesIdempotencyKey } from "../../contract/idempotency.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { isPromise } from "../../wire/iterator-of.js";
import type { CallContext, DispatchConfig, KeyedRequest, OnceActions } from "../call/call-context.js";
import type { CallPort } from "../call/call-port.js";
import type { Route } from "../call/route.js";
import type { Ledger, LedgerEntry, LedgerOutcome } from "../ledger/ledger.js";
import { callKey, digestOf, doneKeys, keyConflict } from "./call-key.js";
import type { DetachedCalls } from "./detached-calls.js";
import { KeyedCall } from "./keyed-call.js";

/** The ledger of a server. */
export interface ServerLedger {
  readonly ledger: Ledger;
  /** The calls that go on without their connection. */
  readonly detached: DetachedCalls;
  /** The calls whose request streams can go on with another attempt, by identity, method and key. */
  readonly uploads: Map<string, KeyedCall>;
}

/**
 * Returns what runs the handler of a call if the ledger has no entry for its key, and otherwise answers with what the ledger has. It
 * never throws.
 */
export function runOnce(server: ServerLedger | undefined): DispatchConfig["runOnce"] {
  return (keyed, actions) => {
    try {
      const { call, context, request } = keyed;
      const key = callKey(call.metadata);
      if (key === undefined) {
        actions.run(call, context.route);
        return;
      }
      if (!takesIdempotencyKey(context.route.method)) throw noItems();
      if (server === undefined) throw noLedger();
      const { ledger } = server;
      // No object is spread here: each call with a key would pay for it.
      const identity = identityOf(context.peer);
      const done = doneKeys(key, call.metadata);
      if (done.length > 0) ledger.forget(identity, done);
      const { id: method, onInterrupt } = context.route.method;
      const rerun = onInterrupt === "run";
      const entry = ledger.begin({ identity, method, key, digest: digestOf(request), rerun });
      if (isPromise(entry)) void proceedLater(entry, keyed, actions, server);
      else proceed(entry, keyed, actions, server);
    } catch (error) {
      actions.refuse(error);
    }
  };
}

function noItems(): RpcError {
  return new RpcError(
    "UNIMPLEMENTED",
    "a method with a response stream takes no idempotency key; send the call without one",
  );
}

function noLedger(): RpcError {
  return new RpcError("UNIMPLEMENTED", "this server has no ledger of idempotency keys; send the call without one");
}

async function proceedLater(
  pending: PromiseLike<LedgerEntry>,
  keyed: KeyedRequest,
  actions: OnceActions,
  server: ServerLedger,
): Promise<void> {
  const { call } = keyed;
  let cancelled: RpcError | undefined;
  call.listen((reason) => {
    cancelled = reason;
  });
  // Its items may arrive before the ledger has answered.
  const items = actions.receive();
  try {
    const entry = await pending;
    if (cancelled !== undefined && entry.state === "new") {
      const body = String(call.codec.encodeError(cancelled));
      entry.release({ status: cancelled.status, code: cancelled.code, body });
    }
    if (cancelled !== undefined) throw cancelled;
    proceed(entry, keyed, actions, server);
  } catch (error) {
    items?.abort(new RpcError("CANCELLED", "the handler is not called"));
    actions.refuse(error);
  }
}

function proceed(
  entry: LedgerEntry,
  { call, context }: KeyedRequest,
  actions: OnceActions,
  { detached, uploads }: ServerLedger,
): void {
  switch (entry.state) {
    case "new": {
      const name = uploadName(call, context);
      const done = (): void => void (name !== undefined && uploads.delete(name));
      const { deadline } = context;
      const keyed = new KeyedCall({ call, entry, detached, deadline, items: actions.receive, done });
      if (name !== undefined) uploads.set(name, keyed);
      actions.run(keyed, beginning(context.route, keyed));
      return;
    }
    case "recorded":
      replay(entry.outcome, call, context.route.method);
      actions.done();
      return;
    case "running":
      void new WaitingRepeat(call, context, actions, uploads.get(uploadName(call, context) ?? "")).until(entry.outcome);
      return;
    case "interrupted":
      throw interrupted();
    case "conflict":
      throw keyConflict(callKey(call.metadata) ?? "");
  }
}

/** The name of a call whose caller can send its request stream again; undefined for any other. */
function uploadName({ metadata }: CallPort, { peer, method }: CallContext): string | undefined {
  if (!metadata.has(RESUME_UPLOAD)) return undefined;
  return JSON.stringify([identityOf(peer), method, callKey(metadata)]);
}

/** A route whose handler tells the call that it begins. */
function beginning({ method, handler, params }: Route, call: KeyedCall): Route {
  const begin = (...args: Parameters<Route["handler"]>): unknown => {
    call.begin();
    return handler(...args);
  };
  return { method, handler: begin, params };
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
  readonly #call: CallPort;
  readonly #context: CallContext;
  readonly #actions: OnceActions;
  /** Ends what it sends of the request stream of the call that runs. */
  readonly #detach: ((cancelled?: RpcError) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param upload the call that runs, if this one can go on with its request stream */
  constructor(call: CallPort, context: CallContext, actions: OnceActions, upload: KeyedCall | undefined) {
    this.#call = call;
    this.#context = context;
    this.#actions = actions;
    this.#detach = upload?.attach(actions.receive());
  }

  async until(pending: Promise<LedgerOutcome | undefined>): Promise<void> {
    this.#call.accept();
    const lost = (reason: RpcError): void => this.#end(reason);
    const cancelled = (reason: RpcError): void => {
      this.#detach?.(reason);
      this.#end(reason);
    };
    if (this.#detach === undefined) this.#call.listen(lost);
    else this.#call.listen(cancelled, lost);
    const remaining = Math.max(0, this.#context.deadline - Date.now());
    if (remaining <= MAX_TIMEOUT && !this.#isOver)
      this.#timer = setTimeout(() => this.#end(deadlineExceeded()), remaining);
    try {
      const outcome = await pending;
      if (this.#isOver) return;
      if (outcome === undefined) this.#end(interrupted());
      else this.#finish(() => replay(outcome, this.#call, this.#context.route.method));
    } catch (error) {
      if (!this.#isOver) this.#fail(error);
    }
  }

  #end(reason: RpcError): void {
    if (this.#isOver) return;
    this.#finish(() => this.#call.answer(reason.status, this.#call.codec.encodeError(reason), undefined, reason));
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    this.#detach?.();
    clearTimeout(this.#timer);
    this.#actions.refuse(error);
  }

  #finish(answer: () => void): void {
    this.#isOver = true;
    this.#detach?.();
    clearTimeout(this.#timer);
    answer();
    this.#actions.done();
  }
}

function deadlineExceeded(): RpcError {
  return new RpcError(
    "DEADLINE_EXCEEDED",
    "the earlier call with this idempotency key did not end before the deadline",
  );
}
