import type { Readable } from "node:stream";
import { RpcError } from "../../contract/rpc-error.js";

interface Pull {
  readonly resolve: (result: IteratorResult<Buffer, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/** Chunks that are buffered for the reader; then the stream is paused. */
const AHEAD = 8;

/**
 * The chunks of a stream as they arrive. Unlike the stream's own iterator, it can be returned at any moment, and it does
 * not destroy the stream: the other direction of a session continues. A stream that closes before its end throws, so that
 * a part of the input is not taken for all of it.
 */
export class StandardInput implements AsyncIterableIterator<Buffer, undefined> {
  readonly #stream: Readable;
  readonly #chunks: Buffer[] = [];
  #pull: Pull | undefined;
  #started = false;
  #end: Error | "end" | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    this.#start();
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      if (this.#chunks.length === 0) this.#stream.resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    return new Promise((resolve, reject) => {
      this.#pull = { resolve, reject };
      this.#settle();
    });
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    this.#finish("end");
    this.#chunks.length = 0;
    return { done: true, value: undefined };
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const stream = this.#stream;
    if (stream.destroyed) this.#finish(lost());
    else if (stream.readableEnded) this.#finish("end");
    else stream.on("data", this.#onData).once("end", this.#onEnd).once("close", this.#onClose);
  }

  readonly #onData = (chunk: Buffer): void => {
    const pull = this.#pull;
    this.#pull = undefined;
    if (pull !== undefined) pull.resolve({ done: false, value: chunk });
    else if (this.#chunks.push(chunk) >= AHEAD) this.#stream.pause();
  };

  readonly #onEnd = (): void => this.#finish("end");

  readonly #onClose = (): void => this.#finish(lost());

  #finish(end: Error | "end"): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#stream.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose);
    // Keeps reading without a reader: a paused stream would not report the disconnect.
    this.#stream.resume();
    this.#settle();
  }

  #settle(): void {
    const pull = this.#pull;
    if (pull === undefined || this.#end === undefined) return;
    this.#pull = undefined;
    if (this.#end === "end") pull.resolve({ done: true, value: undefined });
    else pull.reject(this.#end);
  }
}

function lost(): RpcError {
  return new RpcError("CANCELLED", "standard input closed before its end");
}
