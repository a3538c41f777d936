import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../history/fault.js";
import type { LineWriter } from "../history/lines.js";
import { Child, type Command } from "./child.js";

/** Times in ms in which a process must be ready, and end after SIGTERM. */
const [START, DRAIN] = [60_000, 30_000];

/** What a node needs. */
export interface NodeOptions {
  /** The command of a generation, which counts from 1. */
  readonly command: (generation: number) => Command;
  /** Gets the line that a process prints when it is ready. */
  readonly ready: (line: string) => void;
  /** Gets each fault. */
  readonly faults: LineWriter;
  /** Milliseconds between the end of a fault and the next one, so that there is progress. Default: 0. */
  readonly calm?: number;
}

/** A program of the topology that faults meet: it runs as one process after another. */
export class Node {
  readonly name: string;
  readonly #options: NodeOptions;
  #generation = 0;
  #child: Child | undefined;
  /** The end of all of its faults so far. */
  #faults: Promise<unknown> = Promise.resolve();
  #isSpared = false;
  #closed = false;

  constructor(name: string, options: NodeOptions) {
    this.name = name;
    this.#options = options;
  }

  /** The current process. @throws Error before the first start */
  get child(): Child {
    if (this.#child === undefined) throw new Error(`${this.name}: not started`);
    return this.#child;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Starts a process, and resolves once it is ready. @throws Error if it is not ready in time, or the node is closed */
  async start(): Promise<void> {
    if (this.#closed) throw new Error(`${this.name}: closed`);
    const generation = ++this.#generation;
    const child = new Child(this.#options.command(generation));
    this.#child = child;
    const exited = (how: string): void => this.#write({ kind: "exit", generation, t: Date.now(), how });
    void child.exited.then((how) => {
      if (!child.wasKilled && how !== "status 0") exited(`${how}: ${child.stderr}`);
    });
    const timer = setTimeout(() => {
      exited(`not ready after ${START} ms: ${child.stderr}`);
      void child.kill();
    }, START);
    try {
      this.#options.ready(await child.line("ready"));
    } catch (error) {
      throw new Error(`${this.name} (${generation}) is not ready: ${error}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the process, waits `down` ms, and starts the next one; after the faults before it. */
  async kill(down: number): Promise<void> {
    await this.#during(async () => {
      const [t, generation] = [Date.now(), this.#generation];
      await this.child.kill();
      try {
        await sleep(down);
        await this.start();
      } finally {
        this.#write({ kind: "kill", generation, t, until: Date.now() });
      }
    });
  }

  /** Lets the process drain and exit, and starts the next one; after the faults before it. */
  async restart(): Promise<void> {
    await this.#during(async () => {
      const [t, generation] = [Date.now(), this.#generation];
      await this.child.end(DRAIN);
      // A process that does not end by itself is killed.
      const kind = this.child.wasKilled ? "kill" : "restart";
      try {
        await this.start();
      } finally {
        this.#write({ kind, generation, t, until: Date.now() });
      }
    });
  }

  /** Stops the process for `ms`; after the faults before it. */
  async stop(ms: number): Promise<void> {
    await this.#during(async () => {
      const t = Date.now();
      await this.child.stop(ms);
      this.#write({ kind: "stop", generation: this.#generation, t, until: Date.now() });
    });
  }

  /** Drops the faults that have not begun. */
  spare(): void {
    this.#isSpared = true;
  }

  /** Kills the process, and starts no other. */
  async close(): Promise<void> {
    this.#closed = true;
    this.spare();
    await this.#child?.kill();
    // A fault that still runs starts no process any more.
    await this.#faults;
  }

  /** Runs a fault once those before it have ended. */
  async #during(fault: () => Promise<void>): Promise<void> {
    const { calm = 0 } = this.#options;
    const run = this.#faults.then(() => (this.#isSpared ? undefined : fault()));
    this.#faults = run.catch(() => undefined).then(() => sleep(this.#isSpared ? 0 : calm));
    await run;
  }

  #write(fault: Omit<Fault, "target">): void {
    this.#options.faults.write({ ...fault, target: this.name } satisfies Fault);
  }
}
