import ssh2 from "ssh2";
import { onTestFinished } from "vitest";
import type { Bench } from "../../support.js";

/** What the server says to one who logs in. */
export type Said =
  | { readonly said: "success" | "closed" }
  | { readonly said: "failure"; readonly methods: readonly string[]; readonly partial: boolean }
  | { readonly said: "would do" }
  | { readonly said: "change"; readonly prompt: string }
  | { readonly said: "questions"; readonly title: string; readonly prompts: readonly unknown[] };

interface Protocol {
  readonly _handlers: Record<string, unknown>;
  readonly _authsQueue: string[];
  readonly _kex: { readonly sessionID: Buffer };
  readonly _cipher: { encrypt(packet: unknown): void };
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): unknown };
  };
}

/** A length, and as many bytes (RFC 4251, section 5). */
export function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const boolean = (value: boolean): Buffer => Buffer.from([value ? 1 : 0]);

/** A client that logs in packet by packet: what ssh2 does by itself is only to get there. */
export class RawLogin {
  readonly #user: string;
  readonly #protocol: Protocol;
  readonly #heard: Said[] = [];
  readonly #waiting: ((said: Said) => void)[] = [];
  readonly client: ssh2.Client;

  private constructor(user: string, client: ssh2.Client) {
    this.#user = user;
    this.client = client;
    this.#protocol = (client as unknown as { _protocol: Protocol })._protocol;
    Object.assign(this.#protocol._handlers, {
      USERAUTH_SUCCESS: () => this.#hear({ said: "success" }),
      USERAUTH_FAILURE: (_: unknown, methods: string[], partial: boolean) =>
        this.#hear({ said: "failure", methods, partial }),
      USERAUTH_PK_OK: () => this.#hear({ said: "would do" }),
      USERAUTH_PASSWD_CHANGEREQ: (_: unknown, prompt: string) => this.#hear({ said: "change", prompt }),
      USERAUTH_INFO_REQUEST: (_: unknown, title: string, __: string, prompts: unknown[]) =>
        this.#hear({ said: "questions", title, prompts }),
    });
    client.on("close", () => this.#hear({ said: "closed" }));
  }

  /** Connects, and stops where the login begins. */
  static async open(bench: Bench, user = "alice"): Promise<RawLogin> {
    const client = new ssh2.Client();
    onTestFinished(() => void client.destroy());
    await new Promise<void>((resolve, reject) => {
      client.on("error", reject);
      const authHandler = () => resolve();
      client.connect({
        host: "127.0.0.1",
        port: bench.listener.port,
        username: user,
        hostVerifier: () => true,
        authHandler: authHandler as unknown as ssh2.AuthHandlerMiddleware,
      });
    });
    return new RawLogin(user, client);
  }

  get sessionId(): Buffer {
    return this.#protocol._kex.sessionID;
  }

  /** Asks to be let in, and gives what the server says to that. */
  try(method: string, ...fields: readonly Buffer[]): Promise<Said> {
    this.request(method, ...fields);
    return this.next();
  }

  /** SSH_MSG_USERAUTH_REQUEST (RFC 4252, section 5). */
  request(method: string, ...fields: readonly Buffer[]): void {
    const queue = this.#protocol._authsQueue;
    // Questions that are left unanswered are not answered by what comes next.
    if (queue[0] === "keyboard-interactive") queue.shift();
    queue.push(method);
    this.send(this.payload(method, ...fields));
  }

  payload(method: string, ...fields: readonly Buffer[]): Buffer {
    return Buffer.concat([Buffer.from([50]), ...[this.#user, "ssh-connection", method].map(string), ...fields]);
  }

  /** SSH_MSG_USERAUTH_INFO_RESPONSE (RFC 4256, section 3.4). */
  answer(...answers: readonly string[]): Promise<Said> {
    this.send(Buffer.concat([Buffer.from([61]), uint32(answers.length), ...answers.map(string)]));
    return this.next();
  }

  send(payload: Buffer): void {
    const { write } = this.#protocol._packetRW;
    const packet = write.alloc(payload.length);
    packet.set(payload, write.allocStart);
    this.#protocol._cipher.encrypt(write.finalize(packet));
  }

  /** What the server says next. */
  next(): Promise<Said> {
    const heard = this.#heard.shift();
    return heard ? Promise.resolve(heard) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #hear(said: Said): void {
    // ssh2 waits for another answer to that request, but there is none.
    if (said.said === "change") this.#protocol._authsQueue.shift();
    const waiting = this.#waiting.shift();
    if (waiting) waiting(said);
    else this.#heard.push(said);
  }
}
