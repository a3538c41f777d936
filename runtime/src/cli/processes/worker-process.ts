import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { CliIo } from "../shared/io.js";
import type { ToPrimary, ToWorker } from "./messages.js";
import type { RestartDelay } from "./restart-delay.js";
import { WORKER } from "./worker.js";

interface WorkerConfig {
  readonly io: CliIo;
  /** Where the processes connect to each other. */
  readonly directory: string;
  readonly number: number;
  /** Of the processes that have been in its place. */
  readonly delay: RestartDelay;
}

interface WorkerEvents {
  readonly receive: (message: ToPrimary, handle: Socket | undefined) => void;
  /** Called once, with its exit status, or with the signal or the error that ended it. */
  readonly exited: (status: number | string) => void;
}

/** A process that serves, as seen from the primary one, which starts it. */
export class WorkerProcess {
  readonly number: number;
  readonly delay: RestartDelay;
  readonly #child: ChildProcess;
  #isReady = false;
  #isStopped = false;
  #connections = 0;

  constructor({ io, directory, number, delay }: WorkerConfig, { receive, exited }: WorkerEvents) {
    this.number = number;
    this.delay = delay;
    const child = fork(io.argv[1] as string, io.argv.slice(2), {
      cwd: io.cwd(),
      // What a service manager expects, the primary process does.
      env: { ...io.env, NOTIFY_SOCKET: undefined, [WORKER]: `${io.pid}:${number}:${directory}` },
      execPath: io.execPath,
      execArgv: [...(io.execArgv ?? [])],
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    delay.started();
    child.on("message", (message, handle) => receive(message as ToPrimary, handle as Socket | undefined));
    // If the system has no memory or process left, the child does not emit `exit`.
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) exited(error.code ?? error.message);
    });
    child.once("exit", (status, signal) => exited(signal ?? status ?? 0));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it has loaded its handlers and keys. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it takes no more connections. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  get takesConnections(): boolean {
    return this.#isReady && !this.#isStopped;
  }

  /** Number of connections that it has. */
  get connections(): number {
    return this.#connections;
  }

  ready(): void {
    this.#isReady = true;
  }

  stop(): void {
    this.#isStopped = true;
  }

  closedConnection(): void {
    this.#connections -= 1;
  }

  /** Gives it a connection. @param onFailure called if it has ended meanwhile */
  take(socket: Socket, onFailure: () => void): void {
    this.#connections += 1;
    this.send({ type: "socket" }, socket, () => {
      this.stop();
      onFailure();
    });
  }

  send(message: ToWorker, socket?: Socket, onError: () => void = () => undefined): void {
    if (!this.#child.connected) onError();
    else this.#child.send(message, socket, (error) => error && onError());
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }
}
