import { errorMessage } from "../base/error-message.js";
import { checkShape } from "../codec/check-shape.js";
import { RpcError } from "../contract/rpc-error.js";
import type { HeldBytes } from "./flow/held-bytes.js";
import { ProtocolError } from "./frame.js";
import { type Hello, MAX_METHODS, parseHello } from "./hello.js";
import { PreambleScanner } from "./preamble.js";

/** The error of a session that ended cleanly, without any output: a program that is not this server, or failed to start. */
const NO_OUTPUT =
  "the connection was lost without an sshrpc preamble: the command in its Subsystem line, ForceCommand or command= is not " +
  "`sshrpc serve --stdio`, or it failed to start; run that command on the server to see why, or see its --log";

/** Bytes of memory that a method in a HELLO takes, beside its characters. */
const METHOD_SIZE = 40;

/** Its list of methods, and a thousand values beside it: what a parser makes of 4 MiB of `{}` takes half a second. */
const HELLO_SHAPE = { depth: 100, values: MAX_METHODS + 1000 };

/** Bounds of a handshake: bytes before the preamble, and milliseconds until the HELLO. */
interface HandshakeLimits {
  readonly bytesBeforePreamble: number;
  readonly helloTimeout: number;
}

/** The receiving side of a handshake: the peer's preamble, then its HELLO, within a time limit. */
export class Handshake {
  /** Resolves with the peer's HELLO; rejects if the connection ends before it. */
  readonly ready: Promise<Hello>;
  readonly #limits: HandshakeLimits;
  /** Released once the preamble has arrived: it buffers the bytes before it. */
  #preamble: PreambleScanner | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #hello: Hello | undefined;
  #resolve: (hello: Hello) => void = () => undefined;
  #reject: (error: RpcError) => void = () => undefined;

  /**
   * @param onTimeout called if the time limit passes
   * @param opening resolves when the peer can have received what was sent; until then its transport bounds the time
   */
  constructor(limits: HandshakeLimits, onTimeout: (error: ProtocolError) => void, opening?: Promise<void>) {
    this.#limits = limits;
    this.#preamble = new PreambleScanner(limits.bytesBeforePreamble);
    const start = (): void => {
      if (!this.#isOver) this.#timer = setTimeout(() => onTimeout(this.#timedOut()), limits.helloTimeout);
    };
    if (opening === undefined) start();
    else void opening.then(start);
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ready.catch(() => undefined);
  }

  /** The part of a chunk after the preamble; undefined while it is incomplete. @throws ProtocolError over the byte limit */
  read(chunk: Buffer): Buffer | undefined {
    if (this.#preamble === undefined) return chunk;
    const frames = this.#preamble.push(chunk);
    if (frames !== undefined) this.#preamble = undefined;
    return frames;
  }

  /**
   * HELLO arrived.
   * @param memory holds it as long as the connection
   * @throws ProtocolError if it is malformed or repeated, or there is no room for it
   */
  hello(text: string, memory: HeldBytes): Hello {
    if (this.#hello !== undefined) throw new ProtocolError("a second HELLO");
    checkValues(text);
    const hello = parseHello(text);
    try {
      // A character may take two bytes.
      memory.keep(2 * text.length + METHOD_SIZE * hello.methods.length);
    } catch (error) {
      throw new ProtocolError(`HELLO of ${text.length} characters: ${errorMessage(error)}`);
    }
    this.#hello = hello;
    return hello;
  }

  /** The connection has applied the HELLO. */
  complete(hello: Hello): void {
    this.#stop();
    this.#resolve(hello);
  }

  /** The connection has ended. */
  end(reason: RpcError): void {
    this.#stop();
    this.#reject(reason);
  }

  #stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** The error of a lost connection, with the output that arrived instead of a preamble, such as that of a login shell. */
  explain(cause?: Error): RpcError {
    const reason = cause === undefined ? "" : `: ${cause.message}`;
    const error =
      cause instanceof RpcError ? cause : new RpcError("UNAVAILABLE", `the connection was lost${reason}`, { cause });
    const output = this.#preamble?.received();
    if (output === undefined) return error;
    if (output === '""') return error.cause === undefined ? new RpcError(error.status, NO_OUTPUT) : error;
    return new RpcError(error.status, `${error.message}; received instead of the sshrpc preamble: ${output}`, {
      cause: error,
    });
  }

  #timedOut(): ProtocolError {
    const within = `within ${this.#limits.helloTimeout} ms`;
    if (this.#preamble === undefined) return new ProtocolError(`no HELLO ${within}`);
    return new ProtocolError(`no sshrpc preamble ${within}; received instead: ${this.#preamble.received()}`);
  }
}

/** @throws ProtocolError for more values than a HELLO may have, before they are parsed */
function checkValues(text: string): void {
  const buffer = Buffer.from(text);
  try {
    checkShape({ buffer, start: 0, end: buffer.length }, HELLO_SHAPE);
  } catch {
    throw new ProtocolError(`HELLO: more than ${HELLO_SHAPE.values} values or ${HELLO_SHAPE.depth} levels`);
  }
}
