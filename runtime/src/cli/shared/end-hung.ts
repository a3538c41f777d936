import { Worker } from "node:worker_threads";

const THREAD = new URL("../../../bin/end-hung.js", import.meta.url);

/** Milliseconds between two signs of the event loop. */
const INTERVAL = 500;

/** When a process is killed that hangs. */
export interface HungConfig {
  /** Milliseconds without a sign of the event loop after which the process is killed. */
  readonly patience: number;
  /** The id of the parent process that would kill it: nothing is done while that lives. Default: none. */
  readonly parent?: number | undefined;
}

/** Kills this process where its event loop hangs, by a thread of its own. @returns the function that ends the watch */
export function endHung({ patience, parent }: HungConfig): () => void {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const timer = setInterval(() => Atomics.add(beats, 0, 1), INTERVAL).unref();
  const workerData = { beats, interval: INTERVAL, patience, parent };
  const thread = startThread(workerData);
  return () => {
    clearInterval(timer);
    void thread?.terminate();
  };
}

/** Undefined without it, as where the system has no memory or thread left: the process serves as well. */
function startThread(workerData: object): Worker | undefined {
  try {
    const limits = { maxOldGenerationSizeMb: 8 };
    const thread = new Worker(THREAD, { workerData, execArgv: [], env: {}, resourceLimits: limits });
    thread.unref();
    return thread.on("error", () => undefined);
  } catch {
    return undefined;
  }
}
