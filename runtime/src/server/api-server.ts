import type { Duplex } from "node:stream";
import type { ConnectionAccount } from "../base/accounts/connection-account.js";
import { ServerAccount } from "../base/accounts/server-account.js";
import { turnOf } from "../base/accounts/turns.js";
import type { Logger } from "../base/log.js";
import { connectionFields } from "../base/observer/line-fields.js";
import type { Observer } from "../base/observer/observer.js";
import type { RefusalLines } from "../base/observer/refusal-lines.js";
import type { Peer } from "../base/peer.js";
import { checkDriftPolicy } from "../contract/drift-policy.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { refuseConnection } from "../wire/close-duplex.js";
import { Connection } from "../wire/connection.js";
import { maxHello } from "../wire/hello.js";
import { type Limits, resolveLimits } from "../wire/limits.js";
import { type AccountedOptions, accountsConfig } from "./accounts-config.js";
import type { ApiHandlers } from "./api-handlers.js";
import { dispatchConfig, observerOf } from "./api-server-options.js";
import { builtInHandlers } from "./built-in/built-in-handlers.js";
import { type HealthCheck, healthCheckOf, type OperatedOptions } from "./built-in/health-check.js";
import { type OperationsConfig, operate, operationsConfig } from "./built-in/operation-handlers.js";
import type { DispatchConfig } from "./call/call-context.js";
import type { ConnectedClient } from "./call/context.js";
import type { OtherProcesses } from "./call/other-processes.js";
import type { Route } from "./call/route.js";
import { checkGrace } from "./check-grace.js";
import { connectedClients, NO_CALLBACKS, type ServedPeer } from "./connected-clients.js";
import { helloOf } from "./hello-of.js";
import { openLedger } from "./keyed/open-ledger.js";
import { runOnce, type ServerLedger } from "./keyed/run-once.js";
import type { LocalCallOptions, LocalCallResult } from "./local/local-call-options.js";
import { LocalCalls } from "./local/local-calls.js";
import { ObservedCalls } from "./observed-calls.js";
import { OpenSessions } from "./open-sessions.js";
import { receiver } from "./receiver.js";
import { reportUnknown } from "./report-calls.js";
import { type CallbackClients, reportDrift } from "./report-drift.js";
import { Router, referenceError } from "./router.js";
import { CLOSING, type CloseOptions, Shutdown } from "./shutdown.js";

/** A connection that is served. */
interface AcceptedConnection {
  /** Whether calls run in either direction, or may come from this side. */
  readonly isInUse: boolean;
  /** Asks the client to connect again, and refuses new calls. */
  drain(reason: string): void;
}

/** Answers the calls of an API: those that arrive on duplexes, and those of adapters in this process. */
export class ApiServer {
  /** The API that it serves. */
  readonly api: Api;
  /** The limits of its connections. */
  readonly limits: Limits;
  /** Whether the program is ready. */
  readonly health: HealthCheck;
  readonly #router: Router;
  readonly #maxHello: number;
  readonly #config: DispatchConfig;
  readonly #ledger: ServerLedger | undefined;
  readonly #log: Logger;
  readonly #observer: Observer;
  /** What its connections and their calls hold. */
  readonly accounts: ServerAccount;
  /** Bounds the lines of failures that a key can cause in the log. */
  readonly failures: RefusalLines;
  /** The sessions of adapters. */
  readonly sessions = new OpenSessions();
  readonly #callbacks: CallbackClients | undefined;
  readonly #drift: (connection: Connection, peer: Peer) => void;
  readonly #local: LocalCalls;
  readonly #connections = new Map<Connection, ServedPeer>();
  readonly #calls: ObservedCalls;
  readonly shutdown: Shutdown;
  readonly #others: OtherProcesses | undefined;
  readonly #operations: OperationsConfig;

  /** @param callbacks the clients of the callbacks that the other sides serve */
  constructor(
    handlers: ApiHandlers<unknown>,
    options: AccountedOptions & OperatedOptions,
    callbacks?: CallbackClients,
  ) {
    this.#callbacks = callbacks;
    this.api = handlers.api;
    this.limits = resolveLimits(options.limits);
    this.#maxHello = maxHello(handlers.api.methods);
    this.accounts = new ServerAccount(accountsConfig(options, this.limits));
    this.#log = options.log;
    this.#observer = observerOf(options);
    this.health = healthCheckOf(options);
    const config = dispatchConfig(options, this.limits);
    this.failures = config.failures;
    this.#calls = new ObservedCalls({
      ...{ router: () => this.#router, local: () => this.#local, connections: this.#connections },
      ...{ observer: this.#observer, log: options.log, methods: handlers.api.methods },
    });
    this.#others = options.others;
    this.#operations = operationsConfig(options, {
      ...{ api: this.api, observer: this.#observer, accounts: this.accounts, health: this.health },
      ...{ native: this.#connections, calls: this.#calls, isDraining: () => this.shutdown.isAnnounced },
    });
    this.#router = new Router(handlers, builtInHandlers(handlers.api, this.#operations));
    const policy = checkDriftPolicy(options.contractDrift);
    this.#drift = reportDrift({ api: handlers.api, policy, observer: this.#observer, callbacks });
    // Last of what may fail: nothing closes the file of a ledger whose server could not be made.
    this.#ledger = openLedger(options);
    this.#config = { ...config, runOnce: runOnce(this.#ledger) };
    this.#local = new LocalCalls({
      ...{ dispatch: this.#config, limits: this.limits, accounts: this.accounts },
      observer: this.#calls.counting,
      clients: (account) => this.#clientsFor(account),
      callbacks: callbacks?.client(undefined, this.limits) ?? NO_CALLBACKS,
    });
    this.shutdown = new Shutdown({
      ...{ observer: this.#observer, connections: this.#connections, local: this.#local },
      ...{ sessions: this.sessions, calls: () => this.calls, ledger: this.#ledger },
    });
  }

  /**
   * Takes other limits of what keys and connections hold: `perKey`, `maxConnections`, and of `limits` those of calls and bytes.
   * @throws OptionError; then nothing has changed
   */
  limit(options: AccountedOptions): void {
    this.accounts.limit(accountsConfig(options, resolveLimits(options.limits)));
  }

  /**
   * Finds the method that `GET /notes/{id}` names, or that `GET /notes/42` matches, with the fields of the path.
   * @param peer the caller, for the record of a refused call
   * @throws RpcError NOT_FOUND, METHOD_NOT_ALLOWED with the verbs of the resource, or MESSAGE_TOO_LARGE
   */
  resolve(reference: string, peer?: Peer): Route {
    try {
      const tooLong = referenceError(reference);
      if (tooLong !== undefined) throw tooLong;
      return this.#router.resolve(reference);
    } catch (error) {
      if (peer !== undefined && error instanceof RpcError) reportUnknown(this.#calls.counting, peer, reference, error);
      throw error;
    }
  }

  /**
   * Calls a method for a peer, in this process: with the checks, limits, deadlines, interceptors, records and errors of a
   * call from the wire. It never throws: a call that fails rejects its `response`, and its `items` throw.
   * @param target a reference such as `GET /notes/{id}` or `GET /notes/42`, or what {@link resolve} returned for one
   * @param request a value, or its text as {@link EncodedJson}, which is parsed once; the fields of the path may be absent
   */
  call(target: string | Route, request: unknown, options: LocalCallOptions): LocalCallResult {
    if (typeof target !== "string") return this.#local.begin(target.method.id, target, request, options);
    const error = referenceError(target);
    return this.#local.begin(target, error ?? this.#router.find(target), request, options);
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * The connected peers, each with the client of its callbacks, and the peers whose calls adapters run. A connection is listed
   * once its HELLO has arrived. An SSH connection with both is listed as connected, with its callbacks.
   */
  get clients(): readonly ConnectedClient<unknown>[] {
    return this.#clientsFor(undefined);
  }

  #clientsFor(account: ConnectionAccount | undefined): readonly ConnectedClient<unknown>[] {
    const own = connectedClients(this.#connections, this.#local.clients(account), account);
    return this.#others === undefined ? own : [...own, ...this.#others.clients(account)];
  }

  /** Number of running calls, including answered ones whose handlers have not finished. */
  get calls(): number {
    return this.accounts.held("calls");
  }

  /** Serves the API to `peer` over `duplex`, and destroys `duplex` at the end. */
  accept(duplex: Duplex, peer: Peer): AcceptedConnection | undefined {
    if (this.shutdown.isClosing) {
      refuseConnection(duplex, CLOSING);
      return undefined;
    }
    const hasCallbacks = (this.api.callbacks ?? []).length > 0;
    const account = this.accounts.of(peer);
    const connection: Connection = new Connection(duplex, {
      role: "acceptor",
      hello: helloOf(this.api, this.#ledger?.ledger),
      limits: this.limits,
      maxHello: this.#maxHello,
      receive: receiver({
        router: this.#router,
        dispatch: this.#config,
        peer,
        connection: () => connection,
        callbacks: () => callbacks(account),
        clients: () => this.#clientsFor(account),
      }),
      account,
      turn: turnOf(peer),
      observer: this.#calls.of(peer, () => connection),
      peerName: "the client",
    });
    const callbacks = this.#callbacks?.client({ connection, peer }, this.limits) ?? NO_CALLBACKS;
    this.#connections.set(connection, { peer, callbacks, since: Date.now() });
    this.#drift(connection, peer);
    const announced = this.#others?.announce(connection.ready, { peer, callbacks });
    void connection.closed.then((reason) => {
      this.#connections.delete(connection);
      announced?.();
      this.#log.debug({ ...connectionFields({ peer }), reason: reason.message }, "connection ended");
    });
    return {
      get isInUse() {
        // A client with the contract may wait for callbacks.
        return (
          connection.incoming.size + connection.outgoing.size > 0 ||
          (hasCallbacks && connection.remote?.api !== undefined)
        );
      },
      drain: (reason) => connection.drain(reason),
    };
  }

  /** Answers a built-in method for operators, for this process alone. */
  readonly operate = (id: string, request: unknown, by: Peer): unknown => operate(this.#operations, id, request, by);

  /**
   * Announces the shutdown in the health of the server, and waits for `delay`: before its listener stops.
   * @throws Error if the delay is not a number of milliseconds
   */
  async announceClose({ delay = 0 }: CloseOptions = {}): Promise<void> {
    await this.shutdown.announce(checkGrace(delay, "delay"));
  }

  /**
   * Shuts down gracefully: refuses new calls, asks clients to connect elsewhere, and waits for running calls within the grace.
   * Then it ends the remaining calls with UNAVAILABLE and closes all connections. A second call with a shorter grace shortens
   * the wait.
   * @throws Error if the grace is not a number of milliseconds
   */
  async close({ grace = 0 }: CloseOptions = {}): Promise<void> {
    await this.shutdown.close(checkGrace(grace));
    this.failures.flush();
  }
}
