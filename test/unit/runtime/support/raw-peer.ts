import type { Duplex } from "node:stream";
import { encodeFrame, type Frame } from "../../../../runtime/src/wire/encode.js";
import { FRAME, type FrameKind, frameName } from "../../../../runtime/src/wire/frame.js";
import { PREAMBLE } from "../../../../runtime/src/wire/preamble.js";
import { Collector, type DecodedFrame } from "../wire/frames.js";
import { until, within } from "./wait.js";

/** A peer that a test controls frame by frame: it sends valid or invalid bytes. */
export class RawPeer {
  readonly #collector = new Collector(1 << 26);
  #received = Buffer.alloc(0);
  #taken = 0;
  /** Resolves when the duplex has closed. */
  readonly closed: Promise<void>;

  constructor(readonly duplex: Duplex) {
    duplex.on("data", (chunk: Buffer) => this.#receive(chunk));
    duplex.on("error", () => undefined);
    // A well-behaved peer ends its side when the other side has ended.
    duplex.on("end", () => duplex.end());
    this.closed = new Promise((resolve) => duplex.once("close", resolve));
  }

  #receive(chunk: Buffer): void {
    const before = this.#received.length;
    this.#received = Buffer.concat([this.#received, chunk]);
    const from = Math.max(PREAMBLE.length, before);
    if (this.#received.length > from) this.#collector.decoder.push(this.#received.subarray(from));
  }

  /** The frames received so far. */
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

  /** Sends preamble and HELLO. */
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

  /** The next frame of this kind; frames before it are skipped. */
  async next(kind: FrameKind): Promise<DecodedFrame> {
    return until(frameName(kind), () => {
      while (this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken++];
        if (frame?.kind === kind) return frame;
      }
      return undefined;
    });
  }

  /** The next STATUS, decoded. */
  async status(): Promise<{ id: number; code: number; body: { message?: string; details?: unknown } }> {
    const { id, payload } = await this.next(FRAME.STATUS);
    return { id, code: payload.readUInt16BE(0), body: JSON.parse(payload.toString("utf8", 2)) };
  }

  /** The reason in the CLOSE of the other end, after it has closed. */
  async reason(): Promise<string> {
    const { payload } = await this.next(FRAME.CLOSE);
    await within("the end of the transport", this.closed);
    return JSON.parse(payload.toString()).message;
  }
}
