import type { Duplex } from "node:stream";
import { onAbort, withSignal } from "../../../base/async/with-signal.js";
import type { KnownOptions } from "../../../base/check-options.js";
import {
  CONNECT_TCP_OPTIONS,
  COPY_OPTIONS,
  type CommandResult,
  type ConnectTcpOptions,
  type CopyOptions,
  type CopyResult,
  EXEC_OPTIONS,
  type ExecOptions,
  type RemoteCommand,
  RUN_OPTIONS,
  type RunOptions,
  type SshClient,
} from "../../../base/ssh-client.js";
import { cancelled, SshError } from "../../ssh-error.js";
import type { Dialer } from "../dialer.js";
import { checkArguments } from "./check-arguments.js";
import { copyFrom } from "./copy-from.js";
import { copyTo } from "./copy-to.js";
import { RemoteChannel } from "./remote-channel.js";
import { type RemoteConnection, WHOLE_CONNECTION } from "./remote-connection.js";
import { runCommand } from "./run-command.js";

/** See {@link SshClient}. Holds one connection at a time, which it opens on demand. */
export class SshConnector implements SshClient {
  readonly address: string;
  readonly #dialer: Dialer;
  readonly #closed = new AbortController();
  #connection: Promise<RemoteConnection> | undefined;

  constructor(dialer: Dialer) {
    this.#dialer = dialer;
    this.address = dialer.address;
  }

  /** Connects unless connected. */
  connect(signal?: AbortSignal): Promise<RemoteConnection> {
    return this.#mapErrors(async () => {
      if (this.#closed.signal.aborted) throw new SshError("unavailable", `the client of ${this.address} was closed`);
      this.#connection ??= this.#dial();
      return withSignal(this.#connection, signal, { error: cancelled });
    });
  }

  async exec(command: string, options: ExecOptions = {}): Promise<RemoteCommand> {
    this.#check({ command }, options, EXEC_OPTIONS);
    return this.#open((connection) => connection.exec(command, options), options.signal);
  }

  async run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    this.#check({ command }, options, RUN_OPTIONS);
    return this.#mapErrors(() => runCommand(this, command, options));
  }

  async connectTcp(host: string, port: number, options: ConnectTcpOptions = {}): Promise<Duplex> {
    this.#check({ host, port }, options, CONNECT_TCP_OPTIONS);
    return this.#open((connection) => connection.connectTcp(host, port, options), options.signal);
  }

  async copyFrom(remote: string, local: string, options: CopyOptions = {}): Promise<CopyResult> {
    this.#check({ remote, local }, options, COPY_OPTIONS);
    return this.#mapErrors(() => copyFrom(this, remote, local, options));
  }

  async copyTo(local: string, remote: string, options: CopyOptions = {}): Promise<CopyResult> {
    this.#check({ local, remote }, options, COPY_OPTIONS);
    return this.#mapErrors(() => copyTo(this, local, remote, options));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(given: Readonly<Record<string, unknown>>, options: object, known: KnownOptions): void {
    try {
      checkArguments(given, options, known);
    } catch (error) {
      throw this.#dialer.mapError(error);
    }
  }

  /** Opens a channel, which an abort of `signal` destroys. */
  #open<D extends Duplex>(
    open: (connection: RemoteConnection) => Promise<D>,
    signal: AbortSignal | undefined,
  ): Promise<D> {
    return this.#mapErrors(async () => {
      const duplex = await open(await this.connect(signal));
      if (signal === undefined) return duplex;
      const destroy = (): void => void duplex.destroy(this.#dialer.mapError(cancelled(signal.reason)) as Error);
      const removeAbort = onAbort(signal, destroy);
      duplex.once("close", removeAbort);
      // A command without a reader ends without 'close'.
      if (duplex instanceof RemoteChannel) duplex.exit.then(removeAbort, removeAbort);
      return duplex;
    });
  }

  /** One attempt for all callers: the abort of one does not end it for the others. */
  #dial(): Promise<RemoteConnection> {
    const dialing = this.#dialer.dial(WHOLE_CONNECTION, this.#closed.signal);
    const forget = (): void => {
      if (this.#connection === dialing) this.#connection = undefined;
    };
    dialing.then((connection) => connection.once("close", forget), forget);
    return dialing;
  }

  async #mapErrors<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw this.#dialer.mapError(error);
    }
  }
}
