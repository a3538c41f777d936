import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { JoinedDuplex } from "../base/joined-duplex.js";
import { RpcError } from "../contract/rpc-error.js";
import { opensshFailure, opensshLate, opensshLoss, type SshOutcome } from "./failure.js";

/** What one run of `ssh` needs. */
export interface SshProcessConfig {
  readonly program: string;
  readonly args: readonly string[];
  /** Where it leads, for messages. */
  readonly address: string;
  /** Milliseconds until the other side must have said something. */
  readonly connectTimeout: number;
  /** Whether it shares the terminal of this process, and the signals that come from there. */
  readonly interactive: boolean;
  readonly signal: AbortSignal | undefined;
}

/** How many bytes of standard error are kept: the last ones. */
const SAID_LIMIT = 8192;

/** Milliseconds between SIGTERM and SIGKILL. */
const KILL_GRACE = 1000;

/** Milliseconds in which a stream of a process that has ended must end: one that it left behind may hold it open. */
const STREAM_GRACE = 250;

/** Milliseconds in which ssh must end after its output has. */
const EXIT_GRACE = 1000;

/** What would outlive this process otherwise. */
const running = new Set<SshProcess>();

function endAll(): void {
  for (const process of running) process.kill("SIGTERM");
}

/** Runs `ssh`, and gives its standard streams as a duplex once the other side has said something. It ends with that. */
export function openSshProcess(config: SshProcessConfig): Promise<Duplex> {
  return new SshProcess(config).result;
}

class SshProcess {
  readonly result: Promise<Duplex>;
  readonly #config: SshProcessConfig;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #timer: NodeJS.Timeout;
  /** Resolves when the process is gone, and all that it said is read. */
  readonly #ended: Promise<void>;
  #resolve: (duplex: Duplex) => void = () => undefined;
  #reject: (error: RpcError) => void = () => undefined;
  #outcome: Omit<SshOutcome, "said"> = {};
  #gone = false;
  #said = Buffer.alloc(0);
  #settled = false;

  constructor(config: SshProcessConfig) {
    this.#config = config;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { program, args, interactive, signal, connectTimeout } = config;
    // A process group of its own: Ctrl-C is for this process, which may want to finish its calls.
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: !interactive, windowsHide: true });
    const { stdin, stdout, stderr } = this.#child;
    this.#ended = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        this.#leave({ error });
        resolve();
      });
      this.#child.on("exit", (code, signal) => {
        this.#leave({ code, signal });
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
        this.#said = Buffer.concat([this.#said, chunk]).subarray(-SAID_LIMIT);
      });
    stdout.on("error", () => undefined).once("data", this.#succeed);
    this.#timer = setTimeout(() => this.#fail(this.#late()), connectTimeout);
    void this.#ended.then(() => this.#fail(opensshFailure(config.address, program, this.#end())));
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  /** Sends a signal to ssh and what it has started, such as the ssh of a ProxyJump. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#gone) return;
    try {
      if (this.#config.interactive) this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // It has ended in this moment.
    }
  }

  #end(): SshOutcome {
    return { ...this.#outcome, said: this.#said.toString("utf8") };
  }

  #leave(outcome: Omit<SshOutcome, "said">): void {
    this.#gone = true;
    this.#outcome = outcome;
    running.delete(this);
    if (running.size === 0) process.off("exit", endAll);
  }

  readonly #succeed = (chunk: Buffer): void => {
    if (this.#settled) return;
    this.#settle();
    const { stdin, stdout } = this.#child;
    stdout.pause();
    stdout.unshift(chunk);
    this.#resolve(
      new JoinedDuplex(stdout, stdin, { reason: (cause) => this.#reason(cause), release: () => this.#release() }),
    );
  };

  /** Why the streams have ended: only ssh itself can tell. */
  async #reason(cause: Error | undefined): Promise<Error | undefined> {
    await Promise.race([this.#ended, after(EXIT_GRACE)]);
    return this.#outcome.code === 0 && cause === undefined ? undefined : opensshLoss(this.#config.address, this.#end());
  }

  async #release(): Promise<void> {
    const { stdin, stdout, stderr } = this.#child;
    this.kill("SIGTERM");
    stdin.destroy();
    stdout.destroy();
    await Promise.race([this.#ended, after(KILL_GRACE)]);
    this.kill("SIGKILL");
    await Promise.race([this.#ended, after(KILL_GRACE)]);
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
    this.#config.signal?.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    const { address, signal } = this.#config;
    const cause = signal?.reason as unknown;
    this.#fail(new RpcError("CANCELLED", `the attempt to connect to ${address} was cancelled`, { cause }));
  };

  #late(): RpcError {
    const { address, connectTimeout } = this.#config;
    return opensshLate(address, connectTimeout, this.#end());
  }
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
}
