import type { Duplex } from "node:stream";
import type { Logger } from "../base/log.js";
import type { Peer } from "../base/peer.js";
import { AGENT } from "../base/version.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import { refuseConnection } from "../wire/close-duplex.js";
import { Connection } from "../wire/connection.js";
import type { CallRecord } from "../wire/incoming-call.js";
import { CallBudget, type Limits, resolveLimits } from "../wire/limits.js";
import type { ApiHandlers } from "./api-handlers.js";
import type { ApiServerOptions } from "./api-server-options.js";
import type { ConnectedClient } from "./call/connected-client.js";
import { type DispatchConfig, dispatchConfig } from "./call/dispatch-config.js";
import type { ServedCall } from "./call/served-call.js";
import { checkGrace } from "./check-grace.js";
import { receiver } from "./receiver.js";
import { type Route, Router } from "./router.js";

/** How a server ends. */
export interface CloseOptions {
  /**
   * Milliseconds that running calls are given to finish. Meanwhile new ones are refused, and clients are told to go
   * elsewhere. Default: 0.
   */
  readonly grace?: number;
}

/** What callers are told when a server ends. */
const CLOSING = "the server is closing";

/** Answers calls on the duplexes that it is given. How they came to be, and who listens, is not its business. */
export class ApiServer {
  readonly #api: Api;
  readonly #router: Router;
  readonly #limits: Limits;
  readonly #config: DispatchConfig;
  readonly #log: Logger;
  readonly #onCall: ApiServerOptions["onCall"];
  readonly #budget: CallBudget;
  readonly #callbacks: ((connection: Connection, limits: Limits) => unknown) | undefined;
  readonly #connections = new Map<Connection, { readonly peer: Peer; readonly callbacks: () => unknown }>();
  #closing = false;

  /** @param callbacks makes the client of what the other side of a connection serves */
  constructor(
    handlers: ApiHandlers<unknown>,
    options: ApiServerOptions & { readonly log: Logger },
    callbacks?: (connection: Connection, limits: Limits) => unknown,
  ) {
    this.#callbacks = callbacks;
    this.#api = handlers.api;
    this.#router = new Router(handlers);
    this.#limits = resolveLimits(options.limits);
    this.#budget = new CallBudget(this.#limits.serverCalls);
    this.#log = options.log;
    this.#onCall = options.onCall;
    this.#config = dispatchConfig(options, this.#limits);
  }

  /** What it serves. */
  get api(): Api {
    return this.#api;
  }

  /** The bounds of its connections. */
  get limits(): Limits {
    return this.#limits;
  }

  /**
   * The method that `GET /notes/{id}` names, or that `GET /notes/42` matches, with the fields that the path gives.
   * @param peer who asks for it: where it leads nowhere, that counts as a call that was refused
   * @throws RpcError NOT_FOUND, or METHOD_NOT_ALLOWED with the verbs that the resource answers
   */
  resolve(reference: string, peer?: Peer): Pick<Route, "method" | "params"> {
    try {
      return this.#router.resolve(reference);
    } catch (error) {
      if (peer !== undefined && error instanceof RpcError) {
        this.#report({ peer, method: reference, status: error.status, milliseconds: 0, bytesIn: 0, bytesOut: 0 });
      }
      throw error;
    }
  }

  /** How many connections are live. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Who is connected, each with the client of what it serves in turn. A peer counts once it has said hello: before that
   * nobody knows what it takes.
   */
  get clients(): readonly ConnectedClient<unknown>[] {
    return [...this.#connections].flatMap(([{ remote }, { peer, callbacks }]) =>
      remote === undefined ? [] : [{ peer, callbacks: callbacks() }],
    );
  }

  /** How many calls run, with those that are answered and whose handlers have not finished. */
  get calls(): number {
    return this.#budget.running;
  }

  /** Serves the API to `peer` over `duplex`, which it destroys in the end. */
  accept(duplex: Duplex, peer: Peer): void {
    if (this.#closing) {
      refuseConnection(duplex, CLOSING);
      return;
    }
    const { name, version, hash } = this.#api;
    const callbacks = lazy(() => this.#callbacks?.(connection, this.#limits));
    const connection: Connection = new Connection(duplex, {
      role: "acceptor",
      hello: { agent: AGENT, api: { name, version, hash }, methods: (this.#api.callbacks ?? []).map(({ id }) => id) },
      limits: this.#limits,
      receive: receiver(
        this.#router,
        this.#config,
        peer,
        () => connection,
        callbacks,
        () => this.clients,
      ),
      budget: this.#budget,
      ...(this.#onCall && { onCall: this.#recorder(peer, () => connection) }),
      peerName: "the client",
    });
    this.#connections.set(connection, { peer, callbacks });
    void connection.closed.then((reason) => {
      this.#connections.delete(connection);
      this.#log.debug({ user: peer.user, address: peer.address, reason: reason.message }, "connection ended");
    });
  }

  #recorder(peer: Peer, connection: () => Connection): (record: CallRecord) => void {
    const names: string[] = [];
    return ({ method = -1, ...record }) => {
      names[method] ??= this.#nameOf(connection().remote?.methods[method] ?? "");
      this.#report({ peer, method: names[method], ...record });
    };
  }

  /** A path may hold what is nobody's business, so methods are known by their ids. */
  #nameOf(reference: string): string {
    try {
      return this.#router.resolve(reference).method.id;
    } catch {
      return reference;
    }
  }

  #report(call: ServedCall): void {
    const failed = (error: unknown): void => this.#log.error({ err: error }, "onCall failed");
    try {
      const told: unknown = this.#onCall?.(call);
      // Nobody forbids it to be asynchronous, and then what it rejects with would end the process.
      if (told instanceof Promise) told.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /**
   * Takes no new calls, asks every client to go elsewhere, and lets running calls finish within the grace. Then it stops
   * those that are left, answers them with UNAVAILABLE, and ends all connections. Calling it again, with less grace, ends
   * the wait of the first call, too.
   * @throws Error where the grace is no number of milliseconds
   */
  async close({ grace = 0 }: CloseOptions = {}): Promise<void> {
    checkGrace(grace);
    this.#closing = true;
    if (grace > 0) await this.#drain(grace);
    await Promise.all([...this.#connections.keys()].map((connection) => connection.close(CLOSING)));
  }

  /** Resolves when no connection is left, or when the grace is over. */
  async #drain(grace: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    const connections = [...this.#connections.keys()];
    for (const connection of connections) connection.drain(CLOSING);
    await Promise.race([over, Promise.all(connections.map(({ closed }) => closed))]);
    clearTimeout(timer);
  }
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
