import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { Duplex, type Readable, type Writable } from "node:stream";
import { onRejected } from "../base/async/on-rejected.js";
import { onAbort } from "../base/async/with-signal.js";
import { toError } from "../base/error-message.js";
import { type CommandExit, type RemoteCommand, STDERR_TAIL } from "../base/ssh-client.js";
import { RpcError } from "../contract/rpc-error.js";
import { connectError, FAILED, lossError } from "./openssh-errors.js";

/** How one `ssh` process runs a command. */
interface OpensshCommandConfig {
  readonly program: string;
  readonly args: readonly string[];
  /** Address of the server, for messages. */
  readonly address: string;
  /** Whether ssh shares the terminal and the process group of this process. */
  readonly interactive: boolean;
  readonly onStderr: ((chunk: Buffer) => void) | undefined;
  /** Makes the error of an abort, from its reason. */
  readonly cancelled: (reason: unknown) => Error;
  readonly signal: AbortSignal | undefined;
}

/** Time between SIGTERM and SIGKILL in ms. */
const KILL_GRACE = 1000;

/** A command that an `ssh` process of its own runs; see {@link RemoteCommand}. The process ends with the duplex. */
export class OpensshCommand extends Duplex implements RemoteCommand {
  readonly exit: Promise<CommandExit>;
  readonly #config: OpensshCommandConfig;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #stderr: Buffer = Buffer.alloc(0);
  #hasOutput = false;

  constructor(config: OpensshCommandConfig) {
    super({ decodeStrings: true });
    this.#config = config;
    const { program, args, interactive, signal } = config;
    // A process group of its own: Ctrl-C goes to this process only.
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: !interactive, windowsHide: true });
    const { stdin, stdout, stderr } = this.#child;
    // As in a shell: a command may end before it has read its input.
    stdin.on("error", () => undefined);
    stderr
      .on("error", () => undefined)
      .on("data", (chunk: Buffer) => {
        this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_TAIL);
        try {
          onRejected(config.onStderr?.(chunk), (error) => this.destroy(toError(error)));
        } catch (error) {
          this.destroy(toError(error));
        }
      });
    stdout.on("data", (chunk: Buffer) => {
      this.#hasOutput = true;
      if (!this.push(chunk)) stdout.pause();
    });
    this.exit = this.#untilExit();
    this.exit.catch(() => undefined);
    const ended = new Promise((resolve) => stdout.once("close", resolve));
    void ended
      .then(() => this.exit)
      .then(
        () => this.push(null),
        (error: Error) => this.destroy(error),
      );
    // A failure must not crash the process: iteration and `exit` report it.
    this.on("error", () => undefined);
    const atExit = (): void => this.#signal("SIGTERM");
    process.on("exit", atExit);
    this.#child.once("exit", () => process.off("exit", atExit));
    if (signal === undefined) return;
    const removeAbort = onAbort(signal, () => this.destroy(config.cancelled(signal.reason)));
    void this.exit.then(removeAbort, removeAbort);
  }

  get stderrTail(): string {
    return this.#stderr.toString();
  }

  kill(): never {
    throw new RpcError("UNIMPLEMENTED", "the ssh program cannot send a signal to the command; destroy it instead");
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { stdin, stdout } = this.#child;
    this.#signal("SIGTERM");
    stdin.destroy();
    stdout.destroy();
    const timer = setTimeout(() => this.#signal("SIGKILL"), KILL_GRACE);
    this.#child.once("exit", () => clearTimeout(timer));
    done(error);
  }

  /** Signals ssh and its child processes, such as the ssh of a ProxyJump. */
  #signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      if (this.#config.interactive) this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // The process has just exited.
    }
  }

  async #untilExit(): Promise<CommandExit> {
    const { address, program } = this.#config;
    const { stderr } = this.#child;
    const read = new Promise((resolve) => stderr.once("close", resolve));
    const [code, signal] = await (once(this.#child, "exit") as Promise<[number | null, NodeJS.Signals | null]>).catch(
      (error: NodeJS.ErrnoException) => {
        throw connectError(address, program, { error, stderrTail: "" });
      },
    );
    if (!this.destroyed) await read;
    if (this.errored) throw this.errored;
    const outcome = { code, signal, stderrTail: this.stderrTail };
    if (code === FAILED) throw this.#hasOutput ? lossError(address, outcome) : connectError(address, program, outcome);
    return { exitCode: code ?? undefined, signal: signal?.replace(/^SIG/, "") };
  }
}
