import { relative, sep } from "node:path";
import { Worker } from "node:worker_threads";
import { type Problem, SchemaProblem } from "../base/problem.js";
import type { ApiModel } from "../model/api-model.js";
import type { LoadRequest, WorkerMessage } from "./messages.js";
import type { SourceGraph } from "./source-graph.js";

/** The compiled worker, also for a program that runs the sources: worker threads run JavaScript only. */
const WORKER = new URL("../../dist/load/schema-worker.js", import.meta.url);

/** The time after `timeout` in which the worker can still report a pending await itself, in ms. */
const GRACE = 500;

/** The thread of a closed instance, which is warm for the next one in this process. */
let idle: Worker | undefined;

function takeIdle(): Worker | undefined {
  const worker = idle;
  idle = undefined;
  return worker?.removeAllListeners();
}

function keepIdle(worker: Worker): void {
  idle = worker;
  const forget = (): void => {
    if (idle === worker) idle = undefined;
  };
  worker.removeAllListeners().on("error", forget).on("exit", forget);
}

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
  #worker: Worker | undefined;
  #pending: Pending | undefined;
  #graph: SourceGraph;
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
  start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = takeIdle() ?? new Worker(WORKER);
    this.#worker = worker;
    const isCurrent = (): boolean => this.#worker === worker;
    worker.on("message", (message: WorkerMessage) => {
      if (isCurrent()) this.#receive(message);
    });
    worker.on("error", (error) => {
      if (isCurrent()) this.#fail(`${error.name}: ${error.message}`);
    });
    worker.on("exit", (code) => {
      if (isCurrent())
        this.#fail(`the schema ended the process with status ${code}; remove the call from the schema and its imports`);
    });
    worker.unref();
    return worker;
  }

  /**
   * Runs the schema. Runs must not overlap.
   * @throws SchemaProblem with every problem of the schema, Error if `close` is called meanwhile
   */
  load(): Promise<ApiModel> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closedError();
      this.#pending = { resolve, reject };
      const worker = this.start();
      // An idle thread does not keep the process alive; a run does.
      worker.ref();
      worker.postMessage(this.#options);
    });
  }

  /** Ends a run that has not ended, with its thread. */
  async close(): Promise<void> {
    this.#closed = true;
    const pending = this.#take();
    pending?.reject(closedError());
    if (pending !== undefined || idle !== undefined) return this.#drop();
    if (this.#worker !== undefined) keepIdle(this.#worker);
    this.#worker = undefined;
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
        this.#take()?.resolve(message.model);
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
    const isFirst = this.#running === undefined;
    this.#running = file;
    if (file === undefined) clearTimeout(this.#timer);
    if (file === undefined || !isFirst) return;
    const { timeout } = this.#options;
    this.#timer = setTimeout(
      () =>
        this.#fail(`this module did not end within ${timeout} ms; look for an endless loop, or raise --load-timeout`),
      timeout + GRACE,
    );
  }

  #fail(message: string): void {
    const file = this.#running ?? this.#options.entry;
    const inside = relative(this.#options.cwd, file).split(sep).join("/");
    const problem: Problem = { file: inside.startsWith("..") ? file : inside, line: 1, column: 1, path: "", message };
    void this.#drop();
    this.#take()?.reject(new SchemaProblem([problem]));
  }

  #take(): Pending | undefined {
    clearTimeout(this.#timer);
    this.#running = undefined;
    this.#worker?.unref();
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  async #drop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

function closedError(): Error {
  return new Error("the generator was closed");
}
