import type { Duplex } from "node:stream";
import { encodeFrame, type Frame } from "../../../../runtime/src/wire/encode.js";
import { FRAME, type FrameKind, frameName } from "../../../../runtime/src/wire/frame.js";
import { PREAMBLE } from "../../../../runtime/src/wire/preamble.js";
import { Collector, type DecodedFrame } from "../wire/frames.js";
import { until, within } from "./wait.js";

/** The other end of a connection, played by hand: it says what a test tells it to, right or wrong. */
export class RawPeer {
  readonly #collector = new Collector(1 << 26);
  #heard = Buffer.alloc(0);
  #taken = 0;
  /** Resolves when the duplex has closed. */
  readonly closed: Promise<void>;

  constructor(readonly duplex: Duplex) {
    duplex.on("data", (chunk: Buffer) => this.#hear(chunk));
    duplex.on("error", () => undefined);
    // A peer in good order ends its side when the other one has.
    duplex.on("end", () => duplex.end());
    this.closed = new Promise((resolve) => duplex.once("close", resolve));
  }

  #hear(chunk: Buffer): void {
    const before = this.#heard.length;
    this.#heard = Buffer.concat([this.#heard, chunk]);
    const from = Math.max(PREAMBLE.length, before);
    if (this.#heard.length > from) this.#collector.decoder.push(this.#heard.subarray(from));
  }

  /** Every frame that came so far. */
  get frames(): readonly DecodedFrame[] {
    return this.#collector.frames;
  }

  bytes(bytes: Uint8Array): this {
    this.duplex.write(bytes);
    return this;
  }

  send(...frames: readonly Frame[]): this {
    return this.bytes(Buffer.concat(frames.map(encodeFrame)));
  }

  /** Preamble and HELLO, in good order. */
  hello(methods: readonly string[] = [], limits: object = {}): this {
    const body = JSON.stringify({ methods, limits: { message: 1 << 20, calls: 64, ...limits } });
    return this.bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body });
  }

  open(id: number, body?: string, more: Partial<Frame> = {}): this {
    return this.send({ kind: FRAME.OPEN, id, method: 0, ...(body !== undefined && { body }), ...more });
  }

  answer(id: number, code = 200, body = "null"): this {
    return this.send({ kind: FRAME.STATUS, id, code, body });
  }

  /** The next frame of this kind; those before it are passed over. */
  async next(kind: FrameKind): Promise<DecodedFrame> {
    return until(frameName(kind), () => {
      while (this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken++];
        if (frame?.kind === kind) return frame;
      }
      return undefined;
    });
  }

  /** The next STATUS, read. */
  async status(): Promise<{ id: number; code: number; body: { message?: string; details?: unknown } }> {
    const { id, payload } = await this.next(FRAME.STATUS);
    return { id, code: payload.readUInt16BE(0), body: JSON.parse(payload.toString("utf8", 2)) };
  }

  /** The reason that the other end gave for closing; it has closed then. */
  async reason(): Promise<string> {
    const { payload } = await this.next(FRAME.CLOSE);
    await within("the end of the transport", this.closed);
    return JSON.parse(payload.toString()).message;
  }
}
