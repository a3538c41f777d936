import ssh2 from "ssh2";
import { onTestFinished } from "vitest";
import type { Bench } from "../../support.js";

/** An answer of the server to an authentication request. */
export type Answer =
  | { readonly answer: "success" | "closed" }
  | { readonly answer: "failure"; readonly methods: readonly string[]; readonly partial: boolean }
  | { readonly answer: "key-acceptable" }
  | { readonly answer: "change"; readonly prompt: string }
  | { readonly answer: "prompts"; readonly title: string; readonly prompts: readonly unknown[] };

interface Protocol {
  readonly _handlers: Record<string, unknown>;
  readonly _authsQueue: string[];
  readonly _kex: { readonly sessionID: Buffer };
  readonly _cipher: { encrypt(packet: unknown): void };
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): unknown };
  };
}

/** A string: its length and its bytes (RFC 4251, section 5). */
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

/** A client that authenticates packet by packet, after ssh2 has connected. */
export class RawLogin {
  readonly #user: string;
  readonly #protocol: Protocol;
  readonly #received: Answer[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];
  readonly client: ssh2.Client;

  private constructor(user: string, client: ssh2.Client) {
    this.#user = user;
    this.client = client;
    this.#protocol = (client as unknown as { _protocol: Protocol })._protocol;
    Object.assign(this.#protocol._handlers, {
      USERAUTH_SUCCESS: () => this.#receive({ answer: "success" }),
      USERAUTH_FAILURE: (_: unknown, methods: string[], partial: boolean) =>
        this.#receive({ answer: "failure", methods, partial }),
      USERAUTH_PK_OK: () => this.#receive({ answer: "key-acceptable" }),
      USERAUTH_PASSWD_CHANGEREQ: (_: unknown, prompt: string) => this.#receive({ answer: "change", prompt }),
      USERAUTH_INFO_REQUEST: (_: unknown, title: string, __: string, prompts: unknown[]) =>
        this.#receive({ answer: "prompts", title, prompts }),
    });
    client.on("close", () => this.#receive({ answer: "closed" }));
  }

  /** Connects, and stops before the authentication. */
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
        // Only the server ends the connection.
        readyTimeout: 0,
        authHandler: authHandler as unknown as ssh2.AuthHandlerMiddleware,
      });
    });
    return new RawLogin(user, client);
  }

  get sessionId(): Buffer {
    return this.#protocol._kex.sessionID;
  }

  /** Sends a request and returns the answer. */
  try(method: string, ...fields: readonly Buffer[]): Promise<Answer> {
    this.request(method, ...fields);
    return this.next();
  }

  /** SSH_MSG_USERAUTH_REQUEST (RFC 4252, section 5). */
  request(method: string, ...fields: readonly Buffer[]): void {
    const queue = this.#protocol._authsQueue;
    // Abandoned prompts are not answered by the next request.
    if (queue[0] === "keyboard-interactive") queue.shift();
    queue.push(method);
    this.send(this.payload(method, ...fields));
  }

  payload(method: string, ...fields: readonly Buffer[]): Buffer {
    return Buffer.concat([Buffer.from([50]), ...[this.#user, "ssh-connection", method].map(string), ...fields]);
  }

  /** SSH_MSG_USERAUTH_INFO_RESPONSE (RFC 4256, section 3.4). */
  answer(...answers: readonly string[]): Promise<Answer> {
    this.send(Buffer.concat([Buffer.from([61]), uint32(answers.length), ...answers.map(string)]));
    return this.next();
  }

  send(payload: Buffer): void {
    const { write } = this.#protocol._packetRW;
    const packet = write.alloc(payload.length);
    packet.set(payload, write.allocStart);
    this.#protocol._cipher.encrypt(write.finalize(packet));
  }

  /** The next answer of the server. */
  next(): Promise<Answer> {
    const received = this.#received.shift();
    return received ? Promise.resolve(received) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #receive(answer: Answer): void {
    // ssh2 waits for another answer to that request, which never comes.
    if (answer.answer === "change") this.#protocol._authsQueue.shift();
    const waiting = this.#waiting.shift();
    if (waiting) waiting(answer);
    else this.#received.push(answer);
  }
}
