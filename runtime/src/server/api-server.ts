import type { Duplex } from "node:stream";
import type { ConnectionAccount } from "../base/accounts/connection-account.js";
import { ServerAccount } from "../base/accounts/server-account.js";
import { turnOf } from "../base/accounts/turns.js";
import type { Logger } from "../base/log.js";
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
import type { DispatchConfig } from "./call/call-context.js";
import type { ConnectedClient } from "./call/context.js";
import type { Route } from "./call/route.js";
import { checkGrace } from "./check-grace.js";
import { connectedClients, NO_CALLBACKS, type ServedPeer } from "./connected-clients.js";
import { helloOf } from "./hello-of.js";
import type { LocalCallOptions, LocalCallResult } from "./local/local-call-options.js";
import { LocalCalls } from "./local/local-calls.js";
import { receiver } from "./receiver.js";
import { reportCalls, reportUnknown } from "./report-calls.js";
import { type CallbackClients, reportDrift } from "./report-drift.js";
import { Router, referenceError } from "./router.js";

/** How a server closes. */
export interface CloseOptions {
  /**
   * Time in ms for running calls to finish. Meanwhile new calls are refused, and clients are asked to connect elsewhere.
   * Default: 0.
   */
  readonly grace?: number;
}

/** A connection that is served. */
interface AcceptedConnection {
  /** Whether calls run in either direction, or may come from this side. */
  readonly isInUse: boolean;
  /** Asks the client to connect again, and refuses new calls. */
  drain(reason: string): void;
}

/** The reason that callers get when a server closes. */
const CLOSING = "the server is closing";

/** Answers the calls of an API: those that arrive on duplexes, and those of adapters in this process. */
export class ApiServer {
  readonly #api: Api;
  readonly #router: Router;
  readonly #limits: Limits;
  readonly #maxHello: number;
  readonly #config: DispatchConfig;
  readonly #log: Logger;
  readonly #observer: Observer;
  /** What its connections and their calls hold. */
  readonly accounts: ServerAccount;
  /** Bounds the lines of failures that a key can cause in the log. */
  readonly failures: RefusalLines;
  readonly #callbacks: CallbackClients | undefined;
  readonly #drift: (connection: Connection, peer: Peer) => void;
  readonly #local: LocalCalls;
  readonly #connections = new Map<Connection, ServedPeer>();
  #closing = false;

  /** @param callbacks the clients of the callbacks that the other sides serve */
  constructor(
    handlers: ApiHandlers<unknown>,
    options: AccountedOptions & { readonly log: Logger },
    callbacks?: CallbackClients,
  ) {
    this.#callbacks = callbacks;
    this.#api = handlers.api;
    this.#router = new Router(handlers, builtInHandlers(handlers.api));
    this.#limits = resolveLimits(options.limits);
    this.#maxHello = maxHello(handlers.api.methods);
    this.accounts = new ServerAccount(accountsConfig(options, this.#limits));
    this.#log = options.log;
    this.#observer = observerOf(options);
    this.#config = dispatchConfig(options, this.#limits);
    this.failures = this.#config.failures;
    this.#local = new LocalCalls({
      dispatch: this.#config,
      limits: this.#limits,
      accounts: this.accounts,
      observer: this.#observer,
      clients: (account) => this.#clientsFor(account),
      callbacks: callbacks?.client(undefined, this.#limits) ?? NO_CALLBACKS,
    });
    this.#drift = reportDrift({
      api: handlers.api,
      policy: checkDriftPolicy(options.contractDrift),
      observer: this.#observer,
      callbacks,
    });
  }

  /** The API that it serves. */
  get api(): Api {
    return this.#api;
  }

  /** The limits of its connections. */
  get limits(): Limits {
    return this.#limits;
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
      if (peer !== undefined && error instanceof RpcError) reportUnknown(this.#observer, peer, reference, error);
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
    return connectedClients(this.#connections, this.#local.clients(account), account);
  }

  /** Number of running calls, including answered ones whose handlers have not finished. */
  get calls(): number {
    return this.accounts.held("calls");
  }

  /** Serves the API to `peer` over `duplex`, and destroys `duplex` at the end. */
  accept(duplex: Duplex, peer: Peer): AcceptedConnection | undefined {
    if (this.#closing) {
      refuseConnection(duplex, CLOSING);
      return undefined;
    }
    const hasCallbacks = (this.#api.callbacks ?? []).length > 0;
    const account = this.accounts.of(peer);
    const connection: Connection = new Connection(duplex, {
      role: "acceptor",
      hello: helloOf(this.#api),
      limits: this.#limits,
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
      observer: reportCalls(this.#observer, {
        peer,
        router: this.#router,
        reference: (method) => connection.remote?.methods[method],
      }),
      peerName: "the client",
    });
    const callbacks = this.#callbacks?.client({ connection, peer }, this.#limits) ?? NO_CALLBACKS;
    this.#connections.set(connection, { peer, callbacks });
    this.#drift(connection, peer);
    void connection.closed.then((reason) => {
      this.#connections.delete(connection);
      this.#log.debug({ user: peer.user, address: peer.address, reason: reason.message }, "connection ended");
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

  /**
   * Shuts down gracefully: refuses new calls, asks clients to connect elsewhere, and waits for running calls within the grace.
   * Then it ends the remaining calls with UNAVAILABLE and closes all connections. A second call with a shorter grace shortens
   * the wait.
   * @throws Error if the grace is not a number of milliseconds
   */
  async close({ grace = 0 }: CloseOptions = {}): Promise<void> {
    checkGrace(grace);
    this.#closing = true;
    if (grace > 0) await this.#drain(grace);
    this.#local.stop(CLOSING);
    await Promise.all([...this.#connections.keys()].map((connection) => connection.close(CLOSING)));
    this.failures.flush();
  }

  /** Resolves when all connections are closed, or the grace is over. */
  async #drain(grace: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const graceOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    const connections = [...this.#connections.keys()];
    const start = performance.now();
    this.#observer.drainStarted?.({ grace, connections: connections.length, calls: this.calls });
    for (const connection of connections) connection.drain(CLOSING);
    await Promise.race([
      graceOver,
      Promise.all([this.#local.drain(CLOSING), ...connections.map(({ closed }) => closed)]),
    ]);
    clearTimeout(timer);
    this.#observer.drainEnded?.({ milliseconds: performance.now() - start, calls: this.calls });
  }
}
