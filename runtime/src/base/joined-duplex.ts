import type { Readable } from "node:stream";
import { HIGH_WATER_MARK, ReleasingDuplex } from "./transport.js";

/** The output stream of a {@link JoinedDuplex}. */
export interface ByteSink {
  write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean;
  end(done: () => void): unknown;
  cork(): void;
  uncork(): void;
  readonly destroyed: boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** How the two streams of a {@link JoinedDuplex} end. */
interface JoinedEnds {
  /**
   * Called when the input has ended, or when either stream has failed with `cause`. Resolves with the error that the duplex
   * is destroyed with, or with undefined for a normal end.
   */
  readonly reason: (cause?: Error) => Promise<Error | undefined>;
  /** Releases the owner of the streams, such as a process. The duplex closes when it resolves; it must not reject. */
  readonly release: () => Promise<void>;
}

/**
 * Combines a readable and a writable stream, such as the standard streams of a process, into one duplex. It always emits
 * 'close', provided that `release` resolves.
 */
export class JoinedDuplex extends ReleasingDuplex {
  readonly #input: Readable;
  readonly #output: ByteSink;
  readonly #ends: JoinedEnds;
  #ended = false;

  constructor(input: Readable, output: ByteSink, ends: JoinedEnds) {
    super({ highWaterMark: HIGH_WATER_MARK, decodeStrings: true });
    this.#input = input;
    this.#output = output;
    this.#ends = ends;
    input.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) input.pause();
    });
    input.on("end", () => void this.#inputEnded());
    input.on("close", () => void this.#inputEnded());
    input.on("error", (error) => void this.#inputEnded(error));
    output.on("error", (error) => void this.#inputEnded(error));
  }

  /** Ends the readable side, normally or with the reason. */
  async #inputEnded(cause?: Error): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const reason = await this.#ends.reason(cause);
    if (this.destroyed) return;
    if (reason === undefined && cause === undefined) this.push(null);
    else this.destroy(reason ?? cause);
  }

  override _read(): void {
    this.#input.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#output.write(chunk, (error) => this.#written(error, done));
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const last = chunks[chunks.length - 1] as { chunk: Buffer };
    this.#output.cork();
    for (const { chunk } of chunks.slice(0, -1)) this.#output.write(chunk, () => undefined);
    this.#output.write(last.chunk, (error) => this.#written(error, done));
    this.#output.uncork();
  }

  /** Replaces the error of a write, such as EPIPE, with the reason why the other end has closed. */
  #written(error: Error | null | undefined, done: (error?: Error | null) => void): void {
    if (error) void this.#ends.reason(error).then((reason) => done(reason ?? error));
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    // A destroyed stream never calls back.
    if (this.#output.destroyed) {
      done();
      return;
    }
    let isDone = false;
    const once = (): void => {
      if (!isDone) done();
      isDone = true;
    };
    this.#output.once("close", once);
    this.#output.end(once);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#ends.release().then(() => done(error));
  }
}
