import type { Duplex } from "node:stream";
import { checkOptions } from "../../../base/check-options.js";
import {
  COPY_OPTIONS,
  type CommandResult,
  type Copied,
  type CopyOptions,
  EXEC_OPTIONS,
  type ExecOptions,
  type RemoteCommand,
  RUN_OPTIONS,
  type RunOptions,
  type SshClient,
} from "../../../base/ssh-client.js";
import { RpcError } from "../../../contract/rpc-error.js";
import type { Dialer } from "../dialer.js";
import { withSignal } from "../with-signal.js";
import { copyFrom } from "./copy-from.js";
import { copyTo } from "./copy-to.js";
import { type RemoteConnection, WHOLE_CONNECTION } from "./remote-connection.js";
import { runCommand } from "./run-command.js";

/** See {@link SshClient}: one connection at a time, made when it is needed. */
export class SshConnector implements SshClient {
  readonly address: string;
  readonly #dialer: Dialer;
  readonly #ended = new AbortController();
  #connection: Promise<RemoteConnection> | undefined;

  constructor(dialer: Dialer) {
    this.#dialer = dialer;
    this.address = dialer.address;
  }

  /** Connects, where it is not connected. */
  async connect(signal?: AbortSignal): Promise<RemoteConnection> {
    if (this.#ended.signal.aborted) throw new RpcError("UNAVAILABLE", `the client of ${this.address} was closed`);
    this.#connection ??= this.#dial();
    return withSignal(this.#connection, signal);
  }

  async exec(command: string, options: ExecOptions = {}): Promise<RemoteCommand> {
    checkOptions(options, EXEC_OPTIONS);
    const { signal } = options;
    const opening = (await this.connect(signal)).exec(command, options);
    return destroyedBy(await withSignal(opening, signal, abandon), signal);
  }

  async run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    checkOptions(options, RUN_OPTIONS);
    return runCommand(this, command, options);
  }

  async connectTcp(host: string, port: number, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Duplex> {
    const opening = (await this.connect(signal)).connectTo(host, port);
    return destroyedBy(await withSignal(opening, signal, abandon), signal);
  }

  async copyFrom(remote: string, local: string, options: CopyOptions = {}): Promise<Copied> {
    checkOptions(options, COPY_OPTIONS);
    return copyFrom(this, remote, local, options);
  }

  async copyTo(local: string, remote: string, options: CopyOptions = {}): Promise<Copied> {
    checkOptions(options, COPY_OPTIONS);
    return copyTo(this, local, remote, options);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** All who want it wait for the same attempt; one who leaves does not end it for the others. */
  #dial(): Promise<RemoteConnection> {
    const dialling = this.#dialer.dial(WHOLE_CONNECTION, this.#ended.signal);
    const forget = (): void => {
      if (this.#connection === dialling) this.#connection = undefined;
    };
    dialling.then((connection) => connection.once("close", forget), forget);
    return dialling;
  }
}

function abandon(duplex: Duplex): void {
  duplex.on("error", () => undefined).destroy();
}

function destroyedBy<D extends Duplex>(duplex: D, signal: AbortSignal | undefined): D {
  if (signal === undefined) return duplex;
  const stop = (): void => void duplex.destroy(new RpcError("CANCELLED", "it was cancelled", { cause: signal.reason }));
  signal.addEventListener("abort", stop, { once: true });
  duplex.once("close", () => signal.removeEventListener("abort", stop));
  return duplex;
}
