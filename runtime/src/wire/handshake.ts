import type { RpcError } from "../contract/rpc-error.js";
import { type Hello, parseHello } from "./hello.js";
import { PreambleScanner } from "./preamble.js";
import { ProtocolError } from "./protocol-error.js";

/** What a side waits for: bytes before the preamble, and milliseconds until the HELLO. */
export interface HandshakeLimits {
  readonly bytesBeforePreamble: number;
  readonly helloTimeout: number;
}

/** The beginning of a connection, as one side hears it: the other side's preamble, then its HELLO, in time. */
export class Handshake {
  /** Resolves with the other side's HELLO; rejects where it does not come. */
  readonly ready: Promise<Hello>;
  readonly #limits: HandshakeLimits;
  /** Absent once the preamble has come: it holds some of what came before, and a connection lives long. */
  #preamble: PreambleScanner | undefined;
  readonly #timer: NodeJS.Timeout;
  #remote: Hello | undefined;
  #resolve: (hello: Hello) => void = () => undefined;
  #reject: (error: RpcError) => void = () => undefined;

  /** @param late told once the time is over */
  constructor(limits: HandshakeLimits, late: (error: ProtocolError) => void) {
    this.#limits = limits;
    this.#preamble = new PreambleScanner(limits.bytesBeforePreamble);
    this.#timer = setTimeout(() => late(this.#overdue()), limits.helloTimeout);
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ready.catch(() => undefined);
  }

  /** The other side's HELLO, once it has come. */
  get remote(): Hello | undefined {
    return this.#remote;
  }

  /** What came in place of a preamble, quoted; undefined where nothing came, or the preamble did. */
  get noise(): string | undefined {
    const noise = this.#preamble?.noise();
    return noise === '""' ? undefined : noise;
  }

  /** Gives what is frames of a chunk; undefined where all of it comes before them. @throws ProtocolError for too much noise */
  read(chunk: Buffer): Buffer | undefined {
    if (this.#preamble === undefined) return chunk;
    const frames = this.#preamble.push(chunk);
    if (frames !== undefined) this.#preamble = undefined;
    return frames;
  }

  /** The HELLO has come. @throws ProtocolError where it is malformed, or the second one */
  hello(text: string): Hello {
    if (this.#remote !== undefined) throw new ProtocolError("a second HELLO");
    this.#remote = parseHello(text);
    return this.#remote;
  }

  /** What the HELLO says is in force. */
  complete(hello: Hello): void {
    clearTimeout(this.#timer);
    this.#resolve(hello);
  }

  /** The connection has ended. */
  end(reason: RpcError): void {
    clearTimeout(this.#timer);
    this.#reject(reason);
  }

  #overdue(): ProtocolError {
    const within = `within ${this.#limits.helloTimeout} ms`;
    if (this.#preamble === undefined) return new ProtocolError(`no HELLO ${within}`);
    return new ProtocolError(`no sshrpc preamble ${within}; what came begins: ${this.#preamble.noise()}`);
  }
}
