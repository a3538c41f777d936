import { Duplex, type Readable } from "node:stream";

/** What a {@link JoinedDuplex} needs of the stream that it writes to. */
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
   * Asked when the input has ended, or when either stream has failed with `cause`: resolves with the error that the
   * duplex ends with, or with undefined where the end is a proper one.
   */
  readonly reason: (cause?: Error) => Promise<Error | undefined>;
  /** Gives up what the streams belong to. The duplex is closed when it resolves; it must not reject. */
  readonly release: () => Promise<void>;
}

/** In bytes, in each direction. */
const HIGH_WATER_MARK = 256 * 1024;

/**
 * A stream to read from and one to write to, as one duplex: the standard streams of this process, or of a child. Its
 * 'close' is certain to come where `release` is certain to resolve.
 */
export class JoinedDuplex extends Duplex {
  readonly #input: Readable;
  readonly #output: ByteSink;
  readonly #ends: JoinedEnds;
  #asked = false;

  constructor(input: Readable, output: ByteSink, ends: JoinedEnds) {
    super({ highWaterMark: HIGH_WATER_MARK, decodeStrings: true });
    this.#input = input;
    this.#output = output;
    this.#ends = ends;
    input.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) input.pause();
    });
    input.on("end", () => void this.#over());
    input.on("close", () => void this.#over());
    input.on("error", (error) => void this.#over(error));
    output.on("error", (error) => void this.#over(error));
  }

  /** Ends the readable side, properly or with the reason. */
  async #over(cause?: Error): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
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

  /** That a pipe is broken says less than why its other end is gone. */
  #written(error: Error | null | undefined, done: (error?: Error | null) => void): void {
    if (error) void this.#ends.reason(error).then((reason) => done(reason ?? error));
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    // One that is destroyed never calls back.
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
