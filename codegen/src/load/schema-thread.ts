import { Worker } from "node:worker_threads";
import { displayPath } from "../base/display-path.js";
import { keepEqual } from "../base/keep-equal.js";
import { type Problem, SchemaProblem } from "../base/problem.js";
import type { ApiModel } from "../model/api-model.js";
import type { LoadRequest, WorkerMessage, WorkerTask } from "./messages.js";
import { updated } from "./model-update.js";
import type { SourceGraph } from "./source/source-graph.js";

/** The compiled worker, also for a program that runs the sources: worker threads run JavaScript only. */
const WORKER = new URL("../../dist/load/schema-worker.js", import.meta.url);

/** The time after `timeout` in which the worker can still report a pending await itself, in ms. */
const GRACE = 500;

/** What the owner of a thread hears of it. */
interface ThreadEvents {
  onMessage(message: WorkerMessage): void;
  onError(error: Error): void;
  onExit(code: number): void;
}

/** A worker thread, which one instance at a time uses. */
class Thread {
  readonly worker = new Worker(WORKER);
  #runs = 0;
  #owner: ThreadEvents | undefined;

  constructor() {
    this.worker.on("message", (message: WorkerMessage) => this.#owner?.onMessage(message));
    this.worker.on("error", (error) => this.#owner?.onError(error));
    this.worker.on("exit", (code) => {
      if (idle === this) idle = undefined;
      this.#owner?.onExit(code);
    });
    this.worker.unref();
  }

  /** Whether it has begun more than one run. */
  get isReused(): boolean {
    return this.#runs > 1;
  }

  /** Reports to this instance from now on; without one, to none. */
  reportTo(owner: ThreadEvents | undefined): void {
    this.#owner = owner;
  }

  run(task: WorkerTask): void {
    this.#runs += 1;
    // An idle thread does not keep the process alive; a run does.
    this.worker.ref();
    this.worker.postMessage(task);
  }
}

/** The thread of a closed instance, which is warm for the next one in this process. */
let idle: Thread | undefined;

/** A run of the worker that has not been answered. */
interface Pending {
  resolve(model: ApiModel): void;
  reject(error: Error): void;
}

/**
 * Loads a schema and builds its model in a worker thread, which stays warm for the next run. The thread is replaced after a
 * run that ended it, or that may still be running.
 */
export class SchemaThread {
  readonly #options: LoadRequest;
  #thread: Thread | undefined;
  #pending: Pending | undefined;
  #graph: SourceGraph;
  /** The last model: emitters find their results of what has not changed. */
  #model: ApiModel | undefined;
  /** Whether it is the last one of the thread. */
  #hasLast = false;
  #running: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LoadRequest) {
    this.#options = options;
    this.#graph = { files: [options.entry], missing: [], isPure: false };
  }

  /** The files that the last `load` read or looked for, successful or not. */
  get graph(): SourceGraph {
    return this.#graph;
  }

  /** Starts the thread, so that it is warm when `load` needs it. */
  start(): Thread {
    this.#thread ??= idle ?? new Thread();
    if (idle === this.#thread) idle = undefined;
    this.#thread.reportTo({
      onMessage: (message) => this.#receive(message),
      onError: ({ name, message }) => this.#fail(`${name}: ${message}`),
      onExit: (code) => {
        // A timer of an earlier version of the schema may have ended the thread.
        if (this.#thread?.isReused === true && this.#pending !== undefined) this.#again();
        else this.#fail(`the schema or one of its imports called process.exit(${code}); remove the call`);
      },
    });
    return this.#thread;
  }

  /**
   * Runs the schema. Runs must not overlap.
   * @throws SchemaProblem with every problem of the schema, Error if `close` is called meanwhile
   */
  load(): Promise<ApiModel> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closedError();
      this.#pending = { resolve, reject };
      this.#begin();
    });
  }

  #begin(): void {
    this.start().run({ request: this.#options, hasLast: this.#hasLast });
  }

  #again(): void {
    clearTimeout(this.#timer);
    this.#release();
    this.#begin();
  }

  /** Ends a run that has not ended, with its thread. */
  async close(): Promise<void> {
    this.#closed = true;
    const pending = this.#take();
    pending?.reject(closedError());
    if (pending !== undefined || idle !== undefined) return this.#drop();
    idle = this.#thread;
    this.#release();
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case "graph":
        this.#graph = message.graph;
        return;
      case "running":
        this.#watchClock(message.file);
        return;
      case "model":
        this.#model = keepEqual(this.#model, updated(message.update, this.#model));
        this.#hasLast = true;
        this.#take()?.resolve(this.#model);
        return;
      case "fault":
        this.#take()?.reject(message.error);
        return;
      case "problems":
        if (!message.reusable) void this.#drop();
        this.#take()?.reject(new SchemaProblem(message.problems));
    }
  }

  /** The thread itself cannot notice an endless loop. */
  #watchClock(file: string | undefined): void {
    clearTimeout(this.#timer);
    this.#running = file;
    if (file === undefined) return;
    const { timeout } = this.#options;
    const message = `this module did not end within ${timeout} ms; look for an endless loop, or raise --load-timeout`;
    this.#timer = setTimeout(() => this.#fail(message), timeout + GRACE);
  }

  #fail(message: string): void {
    const file = this.#running ?? this.#options.entry;
    const problem: Problem = { file: displayPath(file, this.#options.cwd), line: 1, column: 1, path: "", message };
    void this.#drop();
    this.#take()?.reject(new SchemaProblem([problem]));
  }

  #take(): Pending | undefined {
    clearTimeout(this.#timer);
    this.#running = undefined;
    this.#thread?.worker.unref();
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  #release(): Worker | undefined {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#hasLast = false;
    thread?.reportTo(undefined);
    return thread?.worker;
  }

  async #drop(): Promise<void> {
    await this.#release()?.terminate();
  }
}

function closedError(): Error {
  return new Error("the generator was closed");
}
