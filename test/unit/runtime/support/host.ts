import type { Duplex } from "node:stream";
import type { Transport } from "sshrpc/client";
import { type Client, type ConnectOptions, connectApi, type UnaryMethodOptional } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { type InMemoryOptions, type InMemoryServer, inMemory } from "sshrpc/testing";
import { ALICE, type AnyHandler, apiOf, handlersOf, method, TestLog } from "./server.js";

/** GET is idempotent, STORE is not. */
const METHODS = [method("GET /it"), method("STORE /it", { idempotent: false })];

/** A client of `it.get` and `it.store`. */
export interface HostClient extends Client {
  readonly it: { readonly [verb in "get" | "store"]: UnaryMethodOptional<unknown, unknown, RpcError> };
}

/** A host in memory that can be stopped and restarted. */
export class Host {
  /** Attempts to connect. */
  attempts = 0;
  /** Requests that the handlers received. */
  readonly requests: unknown[] = [];
  /** The error of each attempt to connect; undefined while the host is up. */
  down: RpcError | undefined;
  /** The callers' ends of all connections so far. */
  readonly duplexes: Duplex[] = [];
  server: InMemoryServer;
  readonly #handler: AnyHandler;
  readonly #options: InMemoryOptions;

  constructor(handler: AnyHandler = (request) => request, options: InMemoryOptions = {}) {
    this.#handler = (request, ctx) => {
      this.requests.push(request);
      return handler(request, ctx);
    };
    this.#options = options;
    this.server = this.#start();
  }

  get transport(): Transport {
    return {
      address: "host",
      open: async () => {
        this.attempts++;
        if (this.down !== undefined) throw this.down;
        const near = await this.server.open();
        this.duplexes.push(near);
        return near;
      },
    };
  }

  /** Destroys all connections, as a crash does. The host stays down where a reason is given. */
  kill(down?: RpcError): void {
    this.down = down;
    for (const duplex of this.duplexes.splice(0)) duplex.destroy();
  }

  /** Starts a new server in place of the old one. */
  restart(): void {
    this.server = this.#start();
    this.down = undefined;
  }

  #start(): InMemoryServer {
    const handlers = Object.fromEntries(METHODS.map(({ id }) => [id, this.#handler]));
    return inMemory(handlersOf(METHODS, handlers), { peer: ALICE, ...this.#options, log: new TestLog() });
  }
}

/** Why a host is down. */
export const DOWN = new RpcError("UNAVAILABLE", "the host is down");

/** Connects to one host or several; waits are short. */
export function connectTo(hosts: Host | readonly Host[], options: ConnectOptions = {}): Promise<HostClient> {
  const transports = [hosts].flat().map(({ transport }: Host) => transport);
  const reconnect = { minDelay: 2, maxDelay: 20 };
  return connectApi<HostClient>(apiOf(...METHODS), transports, { reconnect, ...options });
}

/** A promise that a test settles. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
