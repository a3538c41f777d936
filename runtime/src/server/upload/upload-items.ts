import { RpcError } from "../../contract/rpc-error.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";

/** The request stream of a call, as its dispatch sees it. */
export interface RequestStream
  extends AsyncIterableIterator<unknown, undefined>,
    Pick<ItemReceiver<unknown>, "ended" | "keep" | "end" | "abort" | "release"> {
  return(): Promise<IteratorResult<unknown, undefined>>;
}

/** How a stream that may outlive its connection is received. */
interface UploadConfig {
  /** Whether offsets count bytes; otherwise they count items. */
  readonly isRaw: boolean;
  /** Tells the caller from which offset it sends. Absent where it sends from the first item on, unasked. */
  readonly ask?: ((offset: number) => void) | undefined;
}

const LOST = new RpcError("UNAVAILABLE", "the connection of the caller was lost");

/**
 * A request stream whose caller can send it again from an offset. When the connection is lost, the stream pauses: what has arrived and was
 * not taken is dropped, and the next attempt of the caller goes on behind what the handler has taken.
 */
export class UploadItems implements RequestStream {
  readonly #isRaw: boolean;
  /** The stream of the first attempt. */
  readonly #first: RequestStream;
  /** The stream of the attempt that sends; while paused, that of the last one. */
  #source: RequestStream;
  #ask: ((offset: number) => void) | undefined;
  /** Bytes or items that the handler has taken. */
  #taken = 0;
  #hasBegun = false;
  #isPaused = false;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  #end: { error: RpcError | undefined } | undefined;
  #isAbandoned = false;

  constructor(source: RequestStream, { isRaw, ask }: UploadConfig) {
    this.#first = this.#source = source;
    this.#isRaw = isRaw;
    this.#ask = ask;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get ended(): boolean {
    return this.#end !== undefined || (!this.#isPaused && this.#source.ended);
  }

  /** Whether it has failed because its caller did not come back in time. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Begins at an offset where the caller waits for one. Returns where the stream begins. @throws Error after the first read */
  startAt(offset: number): number {
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new Error(`the offset ${offset} is not a positive integer or 0`);
    if (this.#hasBegun) throw new Error("startAt: too late: the stream was read");
    if (this.#ask !== undefined) this.#taken = offset;
    return this.#taken;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    this.#hasBegun = true;
    for (;;) {
      while (this.#isPaused && this.#end === undefined)
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (this.#end !== undefined) return this.#finish(this.#end);
      const source = this.#source;
      this.#ask?.(this.#taken);
      this.#ask = undefined;
      try {
        const result = await source.next();
        // An item that was taken before the pause is not sent again.
        if (result.done !== true) {
          this.#taken += this.#isRaw ? (result.value as Uint8Array).length : 1;
          return result;
        }
        if (!this.#isStale(source)) return result;
      } catch (error) {
        if (!this.#isStale(source)) throw error;
      }
    }
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#stop(undefined);
    if (!this.#isPaused) await this.#source.return();
    return { done: true, value: undefined };
  }

  keep(): void {
    if (!this.#isPaused) this.#source.keep();
  }

  end(error?: RpcError): void {
    if (this.#isPaused) this.#stop(error);
    else this.#source.end(error);
  }

  abort(error: RpcError): void {
    if (this.#isPaused) this.#stop(error);
    else this.#source.abort(error);
  }

  release(): void {
    clearTimeout(this.#timer);
    if (!this.#isPaused) this.#source.release();
  }

  /**
   * An attempt has lost its connection: if it is the one that sends, waits for the next one.
   * @param grace milliseconds after which the stream fails
   * @param source that of the attempt; default: of the first one
   */
  pause(grace: number, source = this.#first): void {
    if (this.ended || this.#isPaused || source !== this.#source) return;
    this.#isPaused = true;
    this.#source.abort(LOST);
    this.#timer = setTimeout(() => {
      this.#isAbandoned = true;
      this.#stop(tooLate(grace));
    }, grace).unref();
  }

  /** Goes on with the stream of another attempt, if it waits for its offset. Returns whether it does. */
  attach(source: UploadItems): boolean {
    if (this.ended || source.#ask === undefined) return false;
    if (!this.#isPaused) this.#source.abort(LOST);
    clearTimeout(this.#timer);
    this.#isPaused = false;
    this.#source = source;
    this.#ask = (offset) => void source.startAt(offset);
    this.#wake();
    return true;
  }

  /** Whether another attempt sends by now, or none does. */
  #isStale(source: RequestStream): boolean {
    return this.#isPaused || source !== this.#source;
  }

  #stop(error: RpcError | undefined): void {
    clearTimeout(this.#timer);
    this.#end ??= { error };
    this.#wake();
  }

  #wake(): void {
    for (const proceed of this.#waiting.splice(0)) proceed();
  }

  /** The error is thrown once; later reads find the stream done. */
  #finish(end: { error: RpcError | undefined }): IteratorResult<unknown, undefined> {
    const { error } = end;
    end.error = undefined;
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }
}

function tooLate(grace: number): RpcError {
  return new RpcError("UNAVAILABLE", `the caller did not continue its request stream within ${grace} ms`);
}
