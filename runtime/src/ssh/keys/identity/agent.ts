import { connect } from "node:net";
import { anySignal } from "../../../base/async/any-signal.js";
import { onAbort } from "../../../base/async/with-signal.js";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "../format/binary-reader.js";
import { string, uint32 } from "../format/binary-writer.js";

/** A key that an agent holds. */
export interface AgentKey {
  /** In SSH's binary form: a plain key, a security key, or a certificate. */
  readonly blob: Buffer;
  /** The comment, unescaped. */
  readonly comment: string;
}

/** Message numbers of draft-ietf-sshm-ssh-agent, section 6.1. */
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** Without a flag, an agent signs with RSA and SHA-1 (section 6.6 of the draft). */
const SIGN_FLAGS: Readonly<Record<string, number>> = { "rsa-sha2-256": 2, "rsa-sha2-512": 4 };

/** In bytes; the limit of OpenSSH's agent. */
export const MAX_ANSWER = 256 * 1024;
/** The limit of OpenSSH. */
export const MAX_KEYS = 2048;
/** In milliseconds. Listing keys never waits for a user. */
export const LIST_TIMEOUT = 5000;

/**
 * A client of an SSH agent, with one connection per request. ssh2's client skips security keys and certificates, and limits
 * neither the size nor the time of an answer.
 */
export class Agent {
  readonly #socket: string;
  readonly #signal: AbortSignal;

  /** @param signal aborts pending requests */
  constructor(socket: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
  }

  /** Lists the keys of the agent. Rejects with an Error that names its socket. */
  async list(): Promise<readonly AgentKey[]> {
    const signal = anySignal([this.#signal, AbortSignal.timeout(LIST_TIMEOUT)]);
    return this.#ask(Buffer.of(REQUEST_IDENTITIES), signal, IDENTITIES_ANSWER, (answer) => {
      const count = answer.uint32();
      if (count > MAX_KEYS) throw new RangeError(`${count} keys; the maximum is ${MAX_KEYS}`);
      return Array.from({ length: count }, () => ({ blob: Buffer.from(answer.string()), comment: answer.text() }));
    });
  }

  /**
   * Signs with a key of the agent, which may wait for a confirmation or a touch. Resolves with the signature in SSH's binary form;
   * rejects with an Error that names the socket.
   */
  async sign(blob: Buffer, data: Buffer, algorithm: string): Promise<Buffer> {
    const flags = uint32(SIGN_FLAGS[algorithm] ?? 0);
    const request = Buffer.concat([Buffer.of(SIGN_REQUEST), string(blob), string(data), flags]);
    return this.#ask(request, this.#signal, SIGN_RESPONSE, (answer) => {
      const signature = Buffer.from(answer.string());
      const actual = new BinaryReader(signature).text();
      if (actual === algorithm) return signature;
      throw new RangeError(`signed with ${printable(actual, 60)} in place of ${algorithm}`);
    });
  }

  #ask<T>(request: Buffer, signal: AbortSignal, expected: number, read: (answer: BinaryReader) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#socket);
      let received = Buffer.alloc(0);
      const end = (problem: string): void => {
        removeAbort();
        socket.destroy();
        // No effect once the promise is fulfilled.
        reject(this.#error(problem));
      };
      const removeAbort = onAbort(signal, () => end("does not answer"));
      socket.on("error", ({ message }) => end(`does not answer: ${message}`));
      socket.on("close", () => end("closed the connection without an answer"));
      socket.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 4) return;
        const length = received.readUInt32BE();
        if (length > MAX_ANSWER || length === 0) end(`sent an answer of ${length} bytes; the maximum is ${MAX_ANSWER}`);
        if (received.length < 4 + length) return;
        try {
          if (received[4] === expected) resolve(read(new BinaryReader(received.subarray(5, 4 + length))));
          end("refused the request");
        } catch (error) {
          end(`sent an invalid answer: ${errorMessage(error)}`);
        }
      });
      socket.write(Buffer.concat([uint32(request.length), request]));
    });
  }

  #error(problem: string): Error {
    return new Error(`the agent at ${this.#socket} ${problem}`);
  }
}
