import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import ms from "ms";
import { anySignal } from "../../base/async/any-signal.js";
import { printable } from "../../base/printable.js";
import { type Client, openClient } from "../../client/client.js";
import { STATUS } from "../../contract/built-in/operations.js";
import { type ServerStatus, STATUS_ORDERS } from "../../contract/built-in/server-status.js";
import type { Api } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import { durationFrom } from "../shared/arguments.js";
import { findServer } from "../shared/call-server.js";
import { type CliIo, stopSignal } from "../shared/io.js";
import type { Output } from "../shared/output.js";
import { addStatusOptions, type StatusFlags, TIMEOUT, toFailure, toStatus } from "./operator-call.js";
import { Screen } from "./screen.js";
import { printStatus, renderStatus } from "./status.js";

interface TopFlags extends StatusFlags {
  readonly interval?: number;
}

/** The default of `--interval`, in milliseconds. */
const INTERVAL = 1000;

/** The default of `--rows`: tables of a screen. */
const ROWS = 30;

/** Milliseconds for one answer. */
const ANSWER_TIMEOUT = 10_000;

/** The longest delay before an attempt to connect again, in milliseconds. */
const MAX_RECONNECT_DELAY = 2000;

/** Errors that a later attempt would get again: they end the command. */
const FINAL: readonly string[] = ["FORBIDDEN", "UNAUTHENTICATED", "NOT_FOUND", "UNIMPLEMENTED", "BAD_REQUEST"];

/** What a client without a contract calls. */
const API: Api = { name: "", version: "", hash: "", methods: [STATUS] };

type StatusClient = Client & {
  readonly status: { get(request: object, options: object): Promise<ServerStatus> };
};

/**
 * `sshrpc top ssh://user@host:port`: the status of a server, again each second, until `q`. A lost connection is re-established. Without a
 * terminal it prints one status, as `sshrpc status`.
 */
export function defineTop(command: Command, io: CliIo, output: Output): void {
  addStatusOptions(command.argument("<address>", "server address: ssh://user@host:port"))
    .option("--interval <duration>", `time between two updates (default: ${ms(INTERVAL)})`, durationFrom(100))
    .action(async (address: string, flags: TopFlags) => {
      try {
        await (io.stdout.isTTY ? watch(address, flags, { io, output }) : printStatus(address, flags, { io, output }));
      } catch (error) {
        if (!output.signal.aborted) throw toFailure(error, flags);
      }
    });
}

async function watch(
  address: string,
  flags: TopFlags,
  { io, output }: { readonly io: CliIo; readonly output: Output },
): Promise<void> {
  const { transport } = await findServer(address, flags, io);
  const ended = new AbortController();
  const signal = anySignal([ended.signal, output.signal]);
  const stop = (): void => ended.abort();
  // Passphrases and host keys are asked for before the screen is used.
  const connecting = AbortSignal.timeout(flags.timeout ?? TIMEOUT);
  const reconnect = { maxDelay: MAX_RECONNECT_DELAY };
  await using client = await openClient<StatusClient>(API, transport, { signal: connecting, retries: 0, reconnect });
  void stopSignal(io, new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))).then(stop);
  const view = new View(transport.address, flags);
  const screen = new Screen(
    io,
    (key) => {
      if (!view.key(key)) stop();
      view.draw(screen);
    },
    () => view.draw(screen),
  );
  // A call waits for the next connection: the screen says so meanwhile.
  const unlisten = client.on("state", (state, reason) => {
    if (state === "ready" || reason === undefined) return;
    view.failed(reason);
    view.draw(screen);
  });
  try {
    while (!signal.aborted) {
      await update(client, view, signal);
      if (!signal.aborted) view.draw(screen);
      await sleep(flags.interval ?? INTERVAL, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    unlisten();
    screen.close();
    stop();
  }
}

/** @throws RpcError that a later call would end with, too */
async function update(client: StatusClient, view: View, signal: AbortSignal): Promise<void> {
  try {
    view.show(toStatus(await client.status.get(view.request, { signal, timeout: ANSWER_TIMEOUT })));
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof RpcError) || FINAL.includes(error.status)) throw error;
    view.failed(error);
  }
}

/** What the screen shows. */
class View {
  readonly #address: string;
  readonly #rows: number;
  #order: (typeof STATUS_ORDERS)[number];
  #lines: readonly string[] = [];
  #error: RpcError | undefined;

  constructor(address: string, { rows = ROWS, order = "calls" }: TopFlags) {
    this.#address = address;
    this.#rows = rows;
    this.#order = order;
  }

  get request(): object {
    return { rows: this.#rows, order: this.#order };
  }

  /** Handles a key: the first letters of the orders; false for one that ends the program. */
  key(key: string): boolean {
    this.#order = STATUS_ORDERS.find((order) => order[0] === key.toLowerCase()) ?? this.#order;
    return !["q", "Q", "\u0003", "\u0004"].includes(key);
  }

  show(status: ServerStatus): void {
    this.#lines = renderStatus(status, this.#address);
    this.#error = undefined;
  }

  failed(error: RpcError): void {
    this.#error = error;
  }

  draw(screen: Screen): void {
    const orders = STATUS_ORDERS.map((order) => (order === this.#order ? `[${order}]` : order)).join(" ");
    const help = `order by ${orders} (first letter)   q quits`;
    const lost = this.#error && `no answer, trying again: ${printable(this.#error.message)}`;
    screen.draw(this.#lines, lost ?? help);
  }
}
