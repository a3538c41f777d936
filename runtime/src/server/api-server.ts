import type { Duplex } from "node:stream";
import { AGENT } from "../agent.js";
import { encodeErrorBody } from "../codec/error-body.js";
import type { Api } from "../contract/method.js";
import { RpcError } from "../contract/rpc-error.js";
import type { Logger } from "../log.js";
import type { Peer } from "../peer.js";
import { CallBudget } from "../wire/call-budget.js";
import { type CallReceiver, Connection } from "../wire/connection.js";
import { type Limits, resolveLimits } from "../wire/limits.js";
import type { ApiHandlers } from "./api-handlers.js";
import { Dispatch, type DispatchSettings } from "./dispatch.js";
import type { ServerInterceptor } from "./interceptor.js";
import { type Route, Router } from "./router.js";

/** How a server answers, whatever the way in. */
export interface ApiServerOptions {
  /** Milliseconds that a call may take where its caller and its method do not say. Default: 30,000. */
  readonly timeout?: number;
  /** See {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** Wrap every call, of every kind; the first one is outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Tells callers what an undeclared error says, with its stack. For development only. Default: false. */
  readonly exposeErrors?: boolean;
}

/** How a server ends. */
export interface CloseOptions {
  /**
   * Milliseconds that running calls are given to finish. Meanwhile new ones are refused, and clients are told to go
   * elsewhere. Default: 0.
   */
  readonly grace?: number;
}

/** Milliseconds that a call may take where nobody says. */
const DEFAULT_TIMEOUT = 30_000;

/** What callers are told when a server ends. */
const CLOSING = "the server is closing";

/** Answers calls on the duplexes that it is given. How they came to be, and who listens, is not its business. */
export class ApiServer {
  readonly #api: Api;
  readonly #router: Router;
  readonly #limits: Limits;
  readonly #settings: DispatchSettings;
  readonly #log: Logger;
  readonly #budget: CallBudget;
  readonly #connections = new Set<Connection>();
  #closing = false;

  constructor(handlers: ApiHandlers, options: ApiServerOptions & { readonly log: Logger }) {
    this.#api = handlers.api;
    this.#router = new Router(handlers);
    this.#limits = resolveLimits(options.limits);
    this.#budget = new CallBudget(this.#limits.serverCalls);
    this.#log = options.log;
    this.#settings = {
      timeout: checkTimeout(options.timeout ?? DEFAULT_TIMEOUT),
      exposeErrors: options.exposeErrors ?? false,
      metadata: this.#limits.metadata,
      interceptors: options.interceptors ?? [],
      log: options.log,
    };
  }

  /** How many connections are live. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many calls run, with those that are answered and whose handlers have not finished. */
  get calls(): number {
    return this.#budget.running;
  }

  /** Serves the API to `peer` over `duplex`, which it destroys in the end. */
  accept(duplex: Duplex, peer: Peer): void {
    const routes: (Route | RpcError)[] = [];
    const receive: CallReceiver = (call, method, timeout, metadata, buffer, start, end) => {
      routes[method] ??= this.#resolve(connection.remote?.methods[method] ?? "");
      const route = routes[method];
      if (route instanceof RpcError) {
        call.answer(route.status, encodeErrorBody(route));
        call.release();
      } else
        new Dispatch(call, route, peer, timeout, metadata, connection.maxMessage, this.#settings).run(
          buffer,
          start,
          end,
        );
    };
    const { name, version, hash } = this.#api;
    const connection = new Connection(duplex, {
      role: "acceptor",
      hello: { agent: AGENT, api: { name, version, hash }, methods: [] },
      limits: this.#limits,
      receive,
      budget: this.#budget,
      other: "the client",
    });
    this.#connections.add(connection);
    void connection.closed.then((reason) => {
      this.#connections.delete(connection);
      this.#log.debug({ user: peer.user, address: peer.address, reason: reason.message }, "connection ended");
    });
    if (this.#closing) connection.drain(CLOSING);
  }

  /**
   * Takes no new calls, asks every client to go elsewhere, and lets running calls finish within the grace. Then it stops
   * those that are left, answers them with UNAVAILABLE, and ends all connections. Calling it again, with less grace, ends
   * the wait of the first call, too.
   * @throws Error where the grace is no number of milliseconds
   */
  async close({ grace = 0 }: CloseOptions = {}): Promise<void> {
    if (!(grace >= 0 && grace <= 0x7fff_ffff)) {
      throw new Error(`grace is ${grace}; it is in milliseconds, at most ${0x7fff_ffff}`);
    }
    this.#closing = true;
    if (grace > 0) await this.#drain(grace);
    await Promise.all([...this.#connections].map((connection) => connection.close(CLOSING)));
  }

  /** Resolves when no connection is left, or when the grace is over. */
  async #drain(grace: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    const connections = [...this.#connections];
    for (const connection of connections) connection.drain(CLOSING);
    await Promise.race([over, Promise.all(connections.map(({ closed }) => closed))]);
    clearTimeout(timer);
  }

  #resolve(reference: string): Route | RpcError {
    try {
      return this.#router.resolve(reference);
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
  }
}

function checkTimeout(timeout: number): number {
  if (timeout > 0 && timeout <= 0x7fff_ffff) return timeout;
  throw new Error(`timeout is ${timeout}; it is in milliseconds, over 0 and at most ${0x7fff_ffff}`);
}
