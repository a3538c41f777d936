import type { Writable } from "node:stream";

/** The streams that lines go to, and by how many writers: Node warns of more than ten listeners of one stream. */
const users = new Map<Writable, number>();

// An error without a listener would end the process. Each write has its own report.
const ignore = (): void => {};

/** What the owner of a {@link LineStream} does about its failures. */
interface LineStreamEvents {
  /** A line is lost. */
  readonly onLost?: () => void;
  /** A line is written again. @param lost the number of lines that were lost before */
  readonly onRecovered?: (lost: number) => void;
}

/** Lines on a stream of the process, such as standard error. A failed write, as to a file on a full disk, is counted. */
export class LineStream {
  readonly #stream: Writable;
  readonly #events: LineStreamEvents;
  #lost = 0;
  #isClosed = false;

  constructor(stream: Writable, events: LineStreamEvents) {
    this.#stream = stream;
    this.#events = events;
    const count = users.get(stream) ?? 0;
    users.set(stream, count + 1);
    if (count === 0) stream.on("error", ignore);
  }

  write(line: string): void {
    if (!this.#isClosed) this.#stream.write(line, (error) => this.#written(error));
  }

  /** Leaves the stream open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const count = (users.get(this.#stream) ?? 1) - 1;
    users.set(this.#stream, count);
    if (count > 0) return;
    users.delete(this.#stream);
    this.#stream.off("error", ignore);
  }

  #written(error: Error | null | undefined): void {
    if (error) {
      this.#lost += 1;
      this.#events.onLost?.();
      return;
    }
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#events.onRecovered?.(lost);
  }
}
