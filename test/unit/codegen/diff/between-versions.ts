import type { Duplex } from "node:stream";
import { type Api, type ApiHandlers, bindHandlers, type Client, connectApi, type Method } from "sshrpc/generated";
import { inMemory, onLoopback } from "sshrpc/testing";
import { until } from "../../runtime/support/wait.js";
import { METHOD_ROWS, type MethodRow } from "./method-rows.js";

/** The old version, and the new one. */
export type Side = 0 | 1;

/** The name of a row's resource in a version. */
export const nameOf = ({ name, newName = name }: MethodRow, side: Side): string => (side === 0 ? name : newName);

/** A client of one version, connected to a server of another one. */
export interface Between extends AsyncDisposable {
  /** What becomes of the calls of a row: their statuses, with the items that arrived; empty where the caller has no such method. */
  outcomeOf(row: MethodRow): Promise<string>;
  /** The exit status of a command, as stock `ssh` runs it. */
  exitStatusOf(command: string): Promise<number | undefined>;
}

/** A version of the API, and which one it is. */
export interface Peer {
  readonly api: Api;
  readonly side: Side;
}

type Context = {
  readonly idempotencyKey: string | undefined;
  readonly deadline: number;
  readonly signal: AbortSignal;
  fail(status: string, details: unknown): never;
};
type Bound = Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => unknown>>>>;

/** The duration in ms of the work of a slow row, which begins only where the deadline leaves time for it. */
const WORK = 60_000;

/** Connects two versions in memory. The key of the client has the scopes of its own version. */
export async function inMemoryBetween(client: Peer, server: Peer): Promise<Between> {
  const calls = new Calls();
  const host = inMemory<Bound>(calls.serve(server), { peer: { scopes: scopesOf(client) } });
  const open = async (signal?: AbortSignal): Promise<Duplex> => {
    const duplex = await host.open(signal);
    calls.disconnect = () => void duplex.destroy();
    return duplex;
  };
  const connected = await connect(client, { address: "memory", open }, calls);
  return between({ client, server }, { host, connected, calls });
}

/** The same over SSH, where commands can be run, too. */
export async function overSshBetween(client: Peer, server: Peer): Promise<Between> {
  const calls = new Calls();
  const host = await onLoopback<Bound>(calls.serve(server), { scopes: scopesOf(client) });
  const connected = await connect(client, host.target, calls, host.options);
  return between({ client, server }, { host, connected, calls });
}

function connect(
  { api, side }: Peer,
  target: Parameters<typeof connectApi>[1],
  calls: Calls,
  options: object = {},
): Promise<Client & Bound> {
  const callbacks = calls.handlers(api.callbacks ?? [], side);
  return connectApi(api, target, { ...options, callbacks, log: false });
}

function scopesOf({ api }: Peer): readonly string[] {
  return api.methods.flatMap(({ scope }) => scope ?? []);
}

function between(
  { client, server }: { readonly client: Peer; readonly server: Peer },
  parts: {
    readonly host: AsyncDisposable & { readonly clients: readonly { readonly callbacks: Bound }[] };
    readonly connected: Client & Bound;
    readonly calls: Calls;
  },
): Between {
  const { host, connected, calls } = parts;
  return {
    async outcomeOf(row) {
      const { api, side } = row.isCallback ? server : client;
      const methods = (row.isCallback ? api.callbacks : api.methods) ?? [];
      const own = methods.filter(({ resource }) => resource === nameOf(row, side));
      // A row may have ended the connection: the client is connected again soon.
      const callee = row.isCallback
        ? (await until("a client", () => host.clients.at(-1))).callbacks
        : (connected as Bound);
      const outcomes: string[] = [];
      for (const method of own) outcomes.push(await calls.outcomeOf(method, row, { bound: callee, side }));
      return outcomes.join(", ");
    },
    async exitStatusOf(command) {
      const { exitCode } = await (connected as Client).ssh.run(command);
      return exitCode;
    },
    async [Symbol.asyncDispose]() {
      await connected.close();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** The calls between two versions, and the effects that they have. */
class Calls {
  /** Ends the connection; absent where no test does. */
  disconnect: (() => void) | undefined;
  #items: string[] = [];
  #effects = 0;
  #isLost = false;

  serve({ api, side }: Peer): ApiHandlers<Bound> {
    return bindHandlers(api, this.handlers(api.methods, side));
  }

  /** A handler for each method. */
  handlers(methods: readonly Method[], side: Side): Bound {
    const all: Record<string, Record<string, (...args: unknown[]) => unknown>> = {};
    for (const method of methods) {
      const row = METHOD_ROWS.find((one) => nameOf(one, side) === method.resource) as MethodRow;
      all[method.resource] ??= {};
      const group = all[method.resource] as Record<string, unknown>;
      group[method.verb.toLowerCase()] = this.#handler(method, row, messageOf(row, side));
    }
    return all;
  }

  #handler(method: Method, row: MethodRow, value: unknown): (...args: unknown[]) => unknown {
    const act = async (args: readonly unknown[]): Promise<unknown> => {
      if (method.requestItem !== undefined) await this.#read(args[1]);
      const ctx = args.at(-1) as Context;
      if (row.work === "slow" && ctx.deadline - Date.now() < WORK) await aborted(ctx.signal);
      if (row.work === "lossy") await this.#affect(method, ctx);
      return method.errors?.CONFLICT === undefined ? value : ctx.fail("CONFLICT", value);
    };
    if (method.responseItem === undefined) return (...args) => act(args);
    return async function* (...args) {
      const response = await act(args);
      yield method.responseItem === "bytes" ? Buffer.from("a") : value;
      return method.response === undefined ? undefined : response;
    };
  }

  /**
   * Has an effect, and loses the connection before the first answer. The effect of an idempotent method is the same each time. A call with
   * an idempotency key goes on without its connection.
   */
  async #affect({ idempotent }: Method, { signal, idempotencyKey }: Context): Promise<void> {
    this.#effects = idempotent ? 1 : this.#effects + 1;
    if (this.#isLost) return;
    this.#isLost = true;
    this.disconnect?.();
    if (idempotencyKey === undefined) await aborted(signal);
  }

  async outcomeOf(
    method: Method,
    row: MethodRow,
    { bound, side }: { readonly bound: Bound; readonly side: Side },
  ): Promise<string> {
    this.#items = [];
    this.#effects = 0;
    this.#isLost = false;
    const call = bound[method.resource]?.[method.verb.toLowerCase()];
    const item = method.requestItem === "bytes" ? Buffer.from("a") : messageOf(row, side);
    const args = [row.requests?.[side] ?? {}, ...(method.requestItem === undefined ? [] : [[item]])];
    const status = await statusOf(async () => {
      const result = call?.(...args);
      if (method.responseItem !== undefined) await this.#read(result);
      await (method.responseItem === undefined ? result : (result as { readonly response: unknown }).response);
    });
    const items = this.#items.length === 0 ? "" : ` ${this.#items.join()}`;
    return row.work === "lossy" ? `${status} after ${this.#effects} effects` : `${status}${items}`;
  }

  /** Reads a stream of either side. */
  async #read(items: unknown): Promise<void> {
    for await (const item of items as AsyncIterable<unknown>)
      this.#items.push(item instanceof Uint8Array ? `bytes of ${Buffer.from(item)}` : JSON.stringify(item));
  }
}

function messageOf({ values = [1, 1] }: MethodRow, side: Side): unknown {
  return values[side];
}

async function statusOf(run: () => Promise<void>): Promise<string> {
  try {
    await run();
    return "OK";
  } catch (error) {
    return (error as { readonly status: string }).status;
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
