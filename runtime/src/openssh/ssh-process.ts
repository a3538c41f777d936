import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { onAbort } from "../base/async/with-signal.js";
import { JoinedDuplex } from "../base/joined-duplex.js";
import { STDERR_TAIL } from "../base/ssh-client.js";
import { RpcError } from "../contract/rpc-error.js";
import { connectError, lossError, type SshOutcome, timeoutError } from "./openssh-errors.js";

/** Configuration of one `ssh` process. */
interface SshProcessConfig {
  readonly program: string;
  readonly args: readonly string[];
  /** Address of the server, for messages. */
  readonly address: string;
  /** Time in ms until the server's first byte must arrive. */
  readonly connectTimeout: number;
  /** Whether ssh shares the terminal and the process group of this process. */
  readonly interactive: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Time between SIGTERM and SIGKILL in ms. */
const KILL_GRACE = 1000;

/** Time in ms in which the streams of an exited process must end: a child of it may hold them open. */
const STREAM_GRACE = 250;

/** Time in ms in which ssh must exit after its output has ended. */
const EXIT_GRACE = 1000;

/** Processes that would otherwise outlive this one. */
const running = new Set<SshProcess>();

function endAll(): void {
  for (const process of running) process.kill("SIGTERM");
}

/** Runs `ssh`; resolves with its standard streams as a duplex at the server's first byte. The process ends with the duplex. */
export function openSshProcess(config: SshProcessConfig): Promise<Duplex> {
  return new SshProcess(config).result;
}

class SshProcess {
  readonly result: Promise<Duplex>;
  readonly #config: SshProcessConfig;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #timer: NodeJS.Timeout;
  /** Resolves when the process has exited and its output is read. */
  readonly #ended: Promise<void>;
  #resolve: (duplex: Duplex) => void = () => undefined;
  #reject: (error: RpcError) => void = () => undefined;
  #outcome: Omit<SshOutcome, "stderrTail"> = {};
  #isExited = false;
  #stderrTail = Buffer.alloc(0);
  #timedOut = false;
  #settled = false;
  #removeAbort: () => void = () => undefined;

  constructor(config: SshProcessConfig) {
    this.#config = config;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { program, args, interactive, signal, connectTimeout } = config;
    // A process group of its own: Ctrl-C goes to this process only, which may want to finish its calls.
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: !interactive, windowsHide: true });
    const { stdin, stdout, stderr } = this.#child;
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        this.#onExit({ error });
        resolve();
      });
      this.#child.on("exit", (code, signal) => {
        this.#onExit({ code, signal });
        setTimeout(resolve, STREAM_GRACE).unref();
      });
      this.#child.on("close", () => resolve());
    });
    if (running.size === 0) process.on("exit", endAll);
    running.add(this);
    stdin.on("error", () => undefined);
    stderr
      .on("error", () => undefined)
      .on("data", (chunk: Buffer) => {
        this.#stderrTail = Buffer.concat([this.#stderrTail, chunk]).subarray(-STDERR_TAIL);
      });
    stdout.on("error", () => undefined).once("data", this.#succeed);
    this.#timer = setTimeout(() => void this.#onTimeout(), connectTimeout);
    void this.#ended.then(() => {
      if (!this.#timedOut) this.#fail(connectError(config.address, program, this.#result()));
    });
    if (signal !== undefined) this.#removeAbort = onAbort(signal, this.#onAbort);
    if (signal?.aborted) this.#onAbort();
  }

  /** Signals ssh and its child processes, such as the ssh of a ProxyJump. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#isExited) return;
    try {
      if (this.#config.interactive) this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // The process has just exited.
    }
  }

  #result(): SshOutcome {
    return { ...this.#outcome, stderrTail: this.#stderrTail.toString("utf8") };
  }

  #onExit(outcome: Omit<SshOutcome, "stderrTail">): void {
    this.#isExited = true;
    this.#outcome = outcome;
    running.delete(this);
    if (running.size === 0) process.off("exit", endAll);
  }

  readonly #succeed = (chunk: Buffer): void => {
    if (this.#settled || this.#timedOut) return;
    this.#settle();
    const { stdin, stdout } = this.#child;
    stdout.pause();
    stdout.unshift(chunk);
    this.#resolve(
      new JoinedDuplex(stdout, stdin, { reason: (cause) => this.#reason(cause), release: () => this.#release() }),
    );
  };

  /** The error of the ended streams, from the exit of ssh. */
  async #reason(cause: Error | undefined): Promise<Error | undefined> {
    await Promise.race([this.#ended, delay(EXIT_GRACE)]);
    return this.#outcome.code === 0 && cause === undefined
      ? undefined
      : lossError(this.#config.address, this.#result());
  }

  async #release(): Promise<void> {
    const { stdin, stdout, stderr } = this.#child;
    this.kill("SIGTERM");
    stdin.destroy();
    stdout.destroy();
    await Promise.race([this.#ended, delay(KILL_GRACE)]);
    this.kill("SIGKILL");
    await Promise.race([this.#ended, delay(KILL_GRACE)]);
    stderr.destroy();
  }

  #fail(error: RpcError): void {
    if (this.#settled) return;
    this.#settle();
    void this.#release();
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#removeAbort();
  }

  /** A command that waits for input ends at the end of it, and with it ssh: then the connection was there. */
  async #onTimeout(): Promise<void> {
    this.#timedOut = true;
    this.#child.stdin.end();
    await Promise.race([this.#ended, delay(STREAM_GRACE)]);
    const { address, connectTimeout } = this.#config;
    this.#fail(timeoutError(address, connectTimeout, this.#result()));
  }

  readonly #onAbort = (): void => {
    const { address, signal } = this.#config;
    const cause = signal?.reason as unknown;
    this.#fail(new RpcError("CANCELLED", `the attempt to connect to ${address} was cancelled`, { cause }));
  };
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
}
