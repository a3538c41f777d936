import { identityOf } from "../../base/accounts/identity.js";
import { MAX_TIMEOUT } from "../../base/check-number.js";
import { decodeError } from "../../codec/error-body.js";
import type { Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import { isPromise } from "../../wire/iterator-of.js";
import type { CallContext, DispatchConfig } from "../call/call-context.js";
import type { CallPort } from "../call/call-port.js";
import type { Route } from "../call/route.js";
import { callKey, digestOf, doneKeys, keyConflict } from "./call-key.js";
import { KeyedCall } from "./keyed-call.js";
import type { LedgerEntry, LedgerOutcome } from "./ledger.js";

/** A call that may have an idempotency key, authorized and validated. */
interface OnceConfig {
  readonly call: CallPort;
  readonly context: CallContext;
  readonly config: DispatchConfig;
  readonly request: unknown;
}

/** What its dispatch does with it. */
interface OnceActions {
  /** Runs the handler of the route. */
  readonly run: (call: CallPort, route: Route) => void;
  /** Creates the request stream, if the method has one, because its items may arrive before the ledger has an entry. */
  readonly receive: () => ItemReceiver<unknown> | undefined;
  /** Answers a call whose handler is not called. */
  readonly refuse: (error: unknown) => void;
  /** The call has its answer, and no handler. */
  readonly done: () => void;
}

/** Runs the handler of a call if the ledger has no entry for its key; otherwise answers with what the ledger has. It never throws. */
export function runOnce(once: OnceConfig, actions: OnceActions): void {
  try {
    const { call, context, config, request } = once;
    const key = callKey(call.metadata);
    if (key === undefined) {
      actions.run(call, context.route);
      return;
    }
    if (config.ledger === undefined)
      throw new RpcError("UNIMPLEMENTED", "this server has no ledger of idempotency keys; send the call without one");
    const { ledger } = config.ledger;
    const identity = identityOf(context.peer);
    const done = doneKeys(key, call.metadata);
    if (done.length > 0) ledger.forget(identity, done);
    const { id, onInterrupt } = context.route.method;
    const rerun = onInterrupt === "run";
    const entry = ledger.begin({ identity, method: id, key, digest: digestOf(request), rerun });
    if (!isPromise(entry)) proceed(entry, { ...once, key }, actions);
    else void proceedLater(entry, { ...once, key }, actions);
  } catch (error) {
    actions.refuse(error);
  }
}

type KeyedConfig = OnceConfig & { readonly key: string };

async function proceedLater(
  pending: PromiseLike<LedgerEntry>,
  keyed: KeyedConfig,
  actions: OnceActions,
): Promise<void> {
  const { call } = keyed;
  let cancelled: RpcError | undefined;
  call.listen((reason) => {
    cancelled = reason;
  });
  const items = actions.receive();
  try {
    const entry = await pending;
    if (cancelled !== undefined && entry.state === "new") {
      const body = String(call.codec.encodeError(cancelled));
      entry.release({ status: cancelled.status, code: cancelled.code, body });
    }
    if (cancelled !== undefined) throw cancelled;
    proceed(entry, keyed, actions, items);
  } catch (error) {
    items?.abort(new RpcError("CANCELLED", "the handler is not called"));
    actions.refuse(error);
  }
}

function proceed(
  entry: LedgerEntry,
  { call, context, config, key }: KeyedConfig,
  actions: OnceActions,
  items?: ItemReceiver<unknown>,
): void {
  const { method } = context.route;
  switch (entry.state) {
    case "new": {
      const { detached } = config.ledger as ServerLedgerOf;
      const keyed = new KeyedCall({ call, entry, detached, hasDeadline: Number.isFinite(context.deadline) });
      keyed.received(items);
      actions.run(keyed, beginning(context.route, keyed));
      return;
    }
    case "recorded":
      replay(entry.outcome, call, method);
      actions.done();
      return;
    case "running":
      void new WaitingRepeat(call, context, actions).until(entry.outcome);
      return;
    case "interrupted":
      throw interrupted();
    case "conflict":
      throw keyConflict(key);
  }
}

type ServerLedgerOf = NonNullable<DispatchConfig["ledger"]>;

/** A route whose handler tells the call that it begins. */
function beginning(route: Route, call: KeyedCall): Route {
  const handler = route.handler as (...args: unknown[]) => unknown;
  return {
    ...route,
    handler: (...args: unknown[]) => {
      call.begin();
      return handler(...args);
    },
  };
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
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(call: CallPort, context: CallContext, actions: OnceActions) {
    this.#call = call;
    this.#context = context;
    this.#actions = actions;
  }

  async until(pending: Promise<LedgerOutcome | undefined>): Promise<void> {
    this.#call.accept();
    this.#call.listen((reason) => this.#end(reason));
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
    clearTimeout(this.#timer);
    this.#actions.refuse(error);
  }

  #finish(answer: () => void): void {
    this.#isOver = true;
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
