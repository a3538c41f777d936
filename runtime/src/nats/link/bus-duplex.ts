import { Duplex } from "node:stream";
import { decodeLinkMessage, encodeLinkMessage, LINK, LINK_HEADER, type LinkMessage } from "./link-message.js";

/** Passes messages to the other end of a link, in order; they may be lost, or arrive twice. */
interface LinkBus {
  /** The longest message that the bus takes, in bytes. */
  readonly maxMessage: number;
  /** Sends a message to the other end. */
  send(message: Uint8Array): void;
  /** Releases the subscription. */
  close(): void;
}

/** Bounds of a link. */
export interface LinkLimits {
  /** Maximum bytes in flight in each direction, not yet taken by the other end. */
  readonly window: number;
  /** Milliseconds between signs of presence. */
  readonly heartbeat: number;
  /** Milliseconds of silence after which the other end is gone. */
  readonly silence: number;
}

/** Maximum data of one message: longer ones would delay those of other links. */
const MAX_DATA = 128 * 1024;

/**
 * A byte stream over the messages of a bus. A message that arrives twice is dropped, a lost one ends the stream with an error. At most a window of
 * bytes is in flight in each direction, because a bus has no backpressure. Its owner closes it.
 */
export class BusDuplex extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  readonly #bus: LinkBus;
  readonly #limits: LinkLimits;
  readonly #maxData: number;
  readonly #timer: NodeJS.Timeout;
  #heard = performance.now();
  #sent = 0;
  #received = 0;
  #takenByPeer = 0;
  #arrived = 0;
  #reported = 0;
  #waiting: Uint8Array[] = [];
  #hasEnded = false;
  #isFlowing = true;
  #continue: (() => void) | undefined;

  constructor(bus: LinkBus, limits: LinkLimits) {
    super({ highWaterMark: 64 * 1024 });
    this.#bus = bus;
    this.#limits = limits;
    this.#maxData = Math.min(MAX_DATA, bus.maxMessage - LINK_HEADER, limits.window);
    this.#timer = setInterval(() => this.#beat(), limits.heartbeat);
  }

  /** Takes a message of the other end. */
  receive(bytes: Uint8Array): void {
    if (this.destroyed) return;
    this.#heard = performance.now();
    const message = decodeLinkMessage(bytes);
    if (message === undefined) this.#fail("EPROTO", "the other end sent an invalid message");
    else if (message.kind === LINK.RESET) this.#fail("ECONNRESET", "the other end closed the link");
    else if (this.#accepts(message)) this.#take(message);
  }

  /** False for what is to be dropped, or has ended the link. */
  #accepts({ kind, number, taken }: LinkMessage): boolean {
    if (taken > this.bytesWritten) return this.#fail("EPROTO", "the other end took bytes that were not sent");
    if (taken > this.#takenByPeer) {
      this.#takenByPeer = taken;
      const next = this.#continue;
      this.#continue = undefined;
      next?.();
    }
    if (number > this.#received) return this.#fail("ECONNRESET", "the bus lost a message");
    return kind !== LINK.STATE && number === this.#received;
  }

  #take({ kind, data }: LinkMessage): void {
    this.#received++;
    this.#arrived += data.length;
    if (this.#hasEnded) this.#fail("EPROTO", "the other end sent data after its end");
    else if (this.#arrived - this.bytesRead > this.#limits.window)
      this.#fail("EPROTO", "the other end sent more than the window");
    else {
      if (data.length > 0) this.#waiting.push(data);
      this.#hasEnded = kind === LINK.END;
      if (this.#isFlowing) this.#pass();
    }
  }

  #pass(): void {
    for (let data = this.#waiting.shift(); data !== undefined; data = this.#waiting.shift()) {
      this.bytesRead += data.length;
      this.#isFlowing = this.push(data);
      if (!this.#isFlowing) break;
    }
    if (this.#hasEnded && this.#waiting.length === 0) this.push(null);
    if (!this.destroyed && this.bytesRead - this.#reported >= this.#limits.window / 4) this.#sendState();
  }

  override _read(): void {
    if (this.#isFlowing) return;
    this.#isFlowing = true;
    this.#pass();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#sendAll([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#sendAll(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  /** Sends what the window admits, and the rest as the other end takes it. */
  #sendAll(pieces: Buffer[], done: (error?: Error | null) => void): void {
    while (pieces.length > 0 && !this.destroyed) {
      const room = Math.min(this.#maxData, this.#limits.window - (this.bytesWritten - this.#takenByPeer));
      if (room <= 0) {
        this.#continue = () => this.#sendAll(pieces, done);
        return;
      }
      const [parts, length] = takeUpTo(pieces, room);
      this.bytesWritten += length;
      this.#send(LINK.DATA, this.#sent++, parts);
    }
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send(LINK.END, this.#sent++, []);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    // The other end learns of it at once, if it has not closed both directions already.
    if (!(this.writableFinished && this.#hasEnded)) this.#send(LINK.RESET, this.#sent, []);
    this.#bus.close();
    this.#waiting = [];
    const next = this.#continue;
    this.#continue = undefined;
    next?.();
    done(error);
  }

  #beat(): void {
    // An end that has received and sent all may be closed, while the other one still reads.
    const isComplete = this.#hasEnded && this.writableFinished;
    if (!isComplete && performance.now() - this.#heard > this.#limits.silence)
      this.#fail("ETIMEDOUT", `the other end was silent for ${this.#limits.silence} ms`);
    else this.#sendState();
  }

  #sendState(): void {
    this.#send(LINK.STATE, this.#sent, []);
  }

  #send(kind: number, number: number, pieces: readonly Uint8Array[]): void {
    this.#reported = this.bytesRead;
    this.#bus.send(encodeLinkMessage(kind, number, this.bytesRead, pieces));
  }

  #fail(code: string, message: string): false {
    this.destroy(Object.assign(new Error(`link over NATS: ${message}`), { code }));
    return false;
  }
}

/** Removes up to `most` bytes from the front of `pieces`, and returns them with their length. */
function takeUpTo(pieces: Buffer[], most: number): [Buffer[], number] {
  const parts: Buffer[] = [];
  let length = 0;
  for (let [first] = pieces; first !== undefined && length < most; [first] = pieces) {
    const part = first.subarray(0, most - length);
    parts.push(part);
    length += part.length;
    if (part.length === first.length) pieces.shift();
    else pieces[0] = first.subarray(part.length);
  }
  return [parts, length];
}
