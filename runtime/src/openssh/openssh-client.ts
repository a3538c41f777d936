import type { Duplex } from "node:stream";
import { formatHostPort } from "../base/net/host-port.js";
import { printable } from "../base/printable.js";
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
} from "../base/ssh-client.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import { checkArguments } from "../ssh/client/remote/check-arguments.js";
import { copyFrom } from "../ssh/client/remote/copy-from.js";
import { copyTo } from "../ssh/client/remote/copy-to.js";
import { runCommand } from "../ssh/client/remote/run-command.js";
import { cancelled, SshError } from "../ssh/ssh-error.js";
import type { Address } from "../ssh/target.js";
import { formatDestination, parseDestination } from "./destination.js";
import { opensshArguments } from "./openssh-arguments.js";
import { OpensshCommand } from "./openssh-command.js";
import type { OpensshOptions } from "./openssh-options.js";
import { OPENSSH_TIMEOUTS } from "./openssh-transport.js";

/**
 * Plain SSH over the `ssh` program: each command has a process and, without ControlMaster, a connection of its own. ssh does not
 * tell when the server has accepted a command, so `exec` resolves at once, and a failure shows in `exit` and in the output. A
 * remote exit status of 255 looks like a failure of ssh.
 */
export class OpensshClient implements SshClient {
  readonly address: string;
  readonly #to: Address;
  readonly #options: DialOptions & OpensshOptions;
  readonly #mapError: (error: unknown) => unknown;
  readonly #running = new Set<OpensshCommand>();
  #closed = false;

  /** @param mapError translates the errors of copies and options */
  constructor(target: string, options: DialOptions & OpensshOptions, mapError: (error: unknown) => unknown) {
    this.#to = parseDestination(target);
    this.#options = options;
    this.#mapError = mapError;
    this.address = formatDestination(this.#to);
  }

  async exec(command: string, options: ExecOptions = {}): Promise<RemoteCommand> {
    return this.#mapErrors(async () => {
      checkArguments({ command }, options, EXEC_OPTIONS);
      const { env = {} } = options;
      const variables = Object.entries(env).map(([name, value]) => setEnv(name, value));
      const more = variables.length === 0 ? [] : ["-o", `SetEnv=${variables.join(" ")}`];
      return this.#start([...more, ...this.#arguments(command)], options);
    });
  }

  run(command: string, options: RunOptions = {}): Promise<CommandResult> {
    return this.#mapErrors(async () => {
      checkArguments({ command }, options, RUN_OPTIONS);
      return runCommand(this, command, options);
    });
  }

  connectTcp(host: string, port: number, options: ConnectTcpOptions = {}): Promise<Duplex> {
    return this.#mapErrors(async () => {
      checkArguments({ host, port }, options, CONNECT_TCP_OPTIONS);
      // The arguments without the command: -W runs none.
      return this.#start(["-W", formatHostPort(host, port), ...this.#arguments("true").slice(0, -1)], options);
    });
  }

  copyFrom(remote: string, local: string, options: CopyOptions = {}): Promise<CopyResult> {
    return this.#mapErrors(async () => {
      checkArguments({ remote, local }, options, COPY_OPTIONS);
      return copyFrom(this, remote, local, options);
    });
  }

  copyTo(local: string, remote: string, options: CopyOptions = {}): Promise<CopyResult> {
    return this.#mapErrors(async () => {
      checkArguments({ local, remote }, options, COPY_OPTIONS);
      return copyTo(this, local, remote, options);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const commands = [...this.#running];
    for (const command of commands) command.destroy(this.#closedError());
    await Promise.all(commands.map(({ exit }) => exit.catch(() => undefined)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #arguments(command: string): string[] {
    const { interactive = false } = this.#options;
    const timeout = this.#options.connectTimeout ?? OPENSSH_TIMEOUTS[interactive ? "interactive" : "unattended"];
    return opensshArguments(this.#to, { ...this.#options, command }, timeout);
  }

  #start(args: readonly string[], { signal, onStderr }: ExecOptions): OpensshCommand {
    if (this.#closed) throw this.#closedError();
    if (signal?.aborted) throw cancelled(signal.reason);
    const { program = "ssh", interactive = false } = this.#options;
    const command = new OpensshCommand({
      ...{ program, args, address: this.address, interactive, signal, onStderr },
      cancelled: (reason) => this.#mapError(cancelled(reason)) as Error,
    });
    this.#running.add(command);
    const forget = (): void => void this.#running.delete(command);
    command.exit.then(forget, forget);
    return command;
  }

  #closedError(): Error {
    return this.#mapError(new SshError("unavailable", `the client of ${this.address} was closed`)) as Error;
  }

  async #mapErrors<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw this.#mapError(error);
    }
  }
}

/** A variable for SetEnv of ssh_config(5). */
function setEnv(name: string, value: string): string {
  if (/^\w+$/.test(name) && !/["\\\p{Cc}]/u.test(value)) return `"${name}=${value}"`;
  throw new SshError(
    "bad-request",
    `option env: ${printable(name)}: ssh cannot pass on quotes, backslashes or control characters`,
  );
}
