import { connect } from "node:net";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "../format/binary-reader.js";
import { string, uint32 } from "../format/binary-writer.js";

/** A key that an agent holds. */
export interface AgentKey {
  /** In SSH's binary form: a plain key, a security key, or a certificate. */
  readonly blob: Buffer;
  /** What its owner calls it: raw, as the agent says it. */
  readonly comment: string;
}

/** Message numbers of draft-ietf-sshm-ssh-agent, section 6.1. */
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** Without a flag, an agent signs with RSA and SHA-1 (section 6.6 of the draft). */
const SIGN_FLAGS: Readonly<Record<string, number>> = { "rsa-sha2-256": 2, "rsa-sha2-512": 4 };

/** The largest answer that OpenSSH's agent gives. In bytes. */
const MAX_ANSWER = 256 * 1024;
/** As many as OpenSSH takes. */
const MAX_KEYS = 2048;
/** Milliseconds in which an agent must list its keys: nobody has to be asked for that. */
const LIST_TIMEOUT = 5000;

/**
 * Talks to an agent over its socket, one connection for each question. Written out, because ssh2 leaves out the security
 * keys and certificates that an agent holds, and bounds neither its answers nor its silence.
 */
export class Agent {
  readonly #socket: string;
  readonly #signal: AbortSignal;

  /** @param signal ends questions that are not answered yet */
  constructor(socket: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
  }

  /** The keys that it holds. Rejects with an Error that names the agent. */
  async list(): Promise<readonly AgentKey[]> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(LIST_TIMEOUT)]);
    return this.#ask(Buffer.of(REQUEST_IDENTITIES), signal, IDENTITIES_ANSWER, (answer) => {
      const count = answer.uint32();
      if (count > MAX_KEYS) throw new RangeError(`it lists ${count} keys`);
      return Array.from({ length: count }, () => ({ blob: Buffer.from(answer.string()), comment: answer.text() }));
    });
  }

  /**
   * Lets it sign, which may wait for somebody to confirm it or to touch a device. Gives the whole signature in SSH's binary
   * form; rejects with an Error that names the agent.
   */
  async sign(blob: Buffer, data: Buffer, algorithm: string): Promise<Buffer> {
    const flags = uint32(SIGN_FLAGS[algorithm] ?? 0);
    const request = Buffer.concat([Buffer.of(SIGN_REQUEST), string(blob), string(data), flags]);
    return this.#ask(request, this.#signal, SIGN_RESPONSE, (answer) => {
      const signature = Buffer.from(answer.string());
      const made = new BinaryReader(signature).text();
      if (made === algorithm) return signature;
      throw new RangeError(`it signs with ${printable(made, 60)} where ${algorithm} was asked for`);
    });
  }

  #ask<T>(request: Buffer, signal: AbortSignal, expected: number, read: (answer: BinaryReader) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#socket);
      let heard = Buffer.alloc(0);
      const end = (problem: string): void => {
        signal.removeEventListener("abort", abort);
        socket.destroy();
        // Of no consequence once the promise is fulfilled.
        reject(this.#error(problem));
      };
      const abort = (): void => end("does not answer");
      signal.addEventListener("abort", abort, { once: true });
      socket.on("error", ({ message }) => end(`does not answer: ${message}`));
      socket.on("close", () => end("hung up without an answer"));
      socket.on("data", (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
        if (heard.length < 4) return;
        const length = heard.readUInt32BE();
        if (length > MAX_ANSWER || length === 0) end(`announces an answer of ${length} bytes`);
        if (heard.length < 4 + length) return;
        try {
          if (heard[4] === expected) resolve(read(new BinaryReader(heard.subarray(5, 4 + length))));
          end("refuses");
        } catch (error) {
          end(`gives an answer that cannot be used: ${errorMessage(error)}`);
        }
      });
      socket.write(Buffer.concat([uint32(request.length), request]));
      if (signal.aborted) abort();
    });
  }

  #error(problem: string): Error {
    return new Error(`the agent at ${this.#socket} ${problem}`);
  }
}
