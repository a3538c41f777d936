import type { Carrier } from "./carrier.js";
import { ChannelDuplex } from "./channel-duplex.js";

/** A channel that carries another SSH connection; its owner destroys it. */
export class CarrierChannel extends ChannelDuplex implements Carrier {
  bytesRead = 0;
  bytesWritten = 0;

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    this.bytesRead += chunk?.length ?? 0;
    return super.push(chunk, encoding);
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.bytesWritten += chunk.length;
    super._write(chunk, encoding, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    for (const { chunk } of chunks) this.bytesWritten += chunk.length;
    super._writev(chunks, done);
  }
}
