import type { Writable } from "node:stream";
import { reportFailure } from "./failure.js";
import type { CliIo } from "./io.js";

/** The one listener of a stream, for the listeners of all runs that share it: Node warns of more than ten. */
interface SharedListener {
  readonly all: Set<(error: Error) => void>;
  readonly onError: (error: Error) => void;
}

const shared = new WeakMap<Writable, SharedListener>();

/**
 * Standard output of one run. A command continues when its reader exits, as in `sshrpc keys list | head -1`. Another write
 * error, such as a full disk, is reported in one line with exit status 1.
 */
export class Output {
  readonly #io: CliIo;
  readonly #listeners: number;
  readonly #stops: readonly (() => void)[];
  readonly #closed = new AbortController();
  #isAwaited = false;
  #failed = false;

  constructor(io: CliIo) {
    this.#io = io;
    // There is no other stream for the report of an error of standard error.
    this.#stops = [listen(io.stdout, this.#onError), listen(io.stderr, () => {})];
    this.#listeners = io.stdout.listenerCount("error");
  }

  /** Aborts when the reader has closed standard output. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** Resolves when the stream accepts more, or its reader has closed it. @throws Error on a write error, such as a full disk */
  write(chunk: string | Uint8Array): Promise<void> {
    this.#isAwaited = true;
    return new Promise((resolve, reject) => {
      this.#io.stdout.write(chunk, (error) => {
        if (error && !isGone(error)) reject(writeError(error));
        else resolve();
      });
    });
  }

  /** Waits until the output is written. @returns 1 where that failed and no write was awaited, else 0 */
  async close(): Promise<0 | 1> {
    const { stdout, stderr } = this.#io;
    await flush(stdout);
    await flush(stderr);
    for (const stop of this.#stops) stop();
    return this.#failed ? 1 : 0;
  }

  readonly #onError = (error: Error): void => {
    if (isGone(error)) this.#closed.abort();
    // A command that awaits its writes reports the error; `serve --stdio` has its own listener.
    if (isGone(error) || this.#isAwaited || this.#io.stdout.listenerCount("error") > this.#listeners) return;
    if (!this.#failed) reportFailure(writeError(error), this.#io.stderr);
    this.#failed = true;
  };
}

/** Listens to the "error" event of a stream. Returns the function that stops it. */
function listen(stream: Writable, onError: (error: Error) => void): () => void {
  const known = shared.get(stream);
  const listeners: SharedListener = known ?? {
    all: new Set(),
    onError: (error) => [...listeners.all].forEach((one) => void one(error)),
  };
  if (known === undefined) {
    shared.set(stream, listeners);
    stream.on("error", listeners.onError);
  }
  listeners.all.add(onError);
  return () => {
    listeners.all.delete(onError);
    if (listeners.all.size > 0) return;
    shared.delete(stream);
    stream.off("error", listeners.onError);
  };
}

/** Waits for pending writes, and for the "error" event of a failed one. Without these it returns in the same turn. */
async function flush(stream: Writable): Promise<void> {
  if (stream.writableLength > 0 && !stream.writableEnded) {
    await new Promise((done) => stream.write("", done));
  } else if (!stream.errored) return;
  await new Promise((done) => setImmediate(done));
}

function writeError({ message }: Error): Error {
  return new Error(`cannot write to standard output: ${message}`);
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPIPE";
}
