import { FrameDecoder, type FrameSink } from "../../../../runtime/src/wire/decode.js";
import type { FrameKind, FrameView } from "../../../../runtime/src/wire/frame.js";

/** A frame that a decoder delivered; `payload` is a copy. */
export interface DecodedFrame {
  readonly kind: FrameKind;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** A decoder that keeps the frames that it delivers. */
export class Collector implements FrameSink {
  readonly frames: DecodedFrame[] = [];
  readonly oversized: { readonly kind: FrameKind; readonly id: number; readonly length: number }[] = [];
  readonly decoder: FrameDecoder;

  constructor(maxPayload = 1 << 20) {
    this.decoder = new FrameDecoder(this, { maxPayload });
  }

  frame({ kind, flags, id, buffer, start, end }: FrameView): void {
    this.frames.push({ kind, flags, id, payload: Buffer.from(buffer.subarray(start, end)) });
  }

  skipped({ kind, id }: FrameView, length: number): void {
    this.oversized.push({ kind, id, length });
  }

  /** Pushes `bytes`, split into chunks of these sizes; the last size repeats. */
  push(bytes: Buffer, ...sizes: readonly number[]): this {
    for (let at = 0, index = 0; at < bytes.length; index++) {
      const size = sizes[Math.min(index, sizes.length - 1)] ?? bytes.length;
      this.decoder.push(bytes.subarray(at, at + size));
      at += size;
    }
    return this;
  }
}
