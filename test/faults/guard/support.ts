import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2 from "ssh2";
import { expect, onTestFinished } from "vitest";
import { type Bench, closed, readBytes } from "../../unit/runtime/ssh/support.js";
import { within } from "../../unit/runtime/support/wait.js";

/** The parts of ssh2's client that an attacker needs. */
interface Internals {
  readonly _sock: Socket;
  readonly _protocol: {
    readonly _packetRW: {
      readonly write: {
        readonly allocStartKEX: number;
        alloc(size: number, force: boolean): Buffer;
        finalize(packet: Buffer, force: boolean): Buffer;
      };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
    readonly _kexinit?: Buffer;
    readonly _handlers: Record<string, unknown>;
    session(id: number, window: number, packet: number): void;
    rekey(): void;
  };
}

/** A client of ssh2 that says whatever a test wants it to. */
export class Attacker {
  readonly client: ssh2.Client & Internals;
  readonly gone: Promise<void>;

  constructor(client: ssh2.Client) {
    this.client = client as ssh2.Client & Internals;
    this.gone = new Promise((resolve) => client.once("close", () => resolve()));
    client.on("error", () => {});
    onTestFinished(() => void client.destroy());
  }

  get socket(): Socket {
    return this.client._sock;
  }

  get protocol(): Internals["_protocol"] {
    return this.client._protocol;
  }

  /** Sends one packet at once, whatever is in it. */
  send(...parts: (number | Buffer)[]): void {
    const payload = Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : part)));
    const { write } = this.protocol._packetRW;
    const packet = write.alloc(payload.length, true);
    payload.copy(packet, write.allocStartKEX);
    this.protocol._cipher.encrypt(write.finalize(packet, true));
  }

  /** Opens the subsystem. */
  open(): Promise<ssh2.ClientChannel & { readonly outgoing: { readonly id: number } }> {
    return new Promise((resolve, reject) =>
      this.client.subsys("sshrpc", (error, channel) => (error ? reject(error) : resolve(channel as never))),
    );
  }
}

/** The number as four bytes (RFC 4251, section 5). */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Bytes with their length before them (RFC 4251, section 5). */
export function string(value: string | Buffer): Buffer {
  return Buffer.concat([uint32(value.length), Buffer.from(value as string, "latin1")]);
}

/** Logged in as alice. */
export async function loggedIn(bench: Bench, options: ssh2.ConnectConfig = {}): Promise<Attacker> {
  return start(bench, "ready", { privateKey: bench.alice.privateKey, ...options });
}

/** Has exchanged keys with the server, and does not log in. */
export async function stranger(bench: Bench, options: ssh2.ConnectConfig = {}): Promise<Attacker> {
  return start(bench, "handshake", { authHandler: (() => undefined) as never, ...options });
}

function start(bench: Bench, until: "ready" | "handshake", options: ssh2.ConnectConfig): Promise<Attacker> {
  return connectTo(bench.listener.port, until, options);
}

/** Connects to a server on this machine, as far as the event says. */
export async function connectTo(
  port: number,
  until: "ready" | "handshake",
  options: ssh2.ConnectConfig,
): Promise<Attacker> {
  const client = new ssh2.Client();
  const attacker = new Attacker(client);
  await within(
    until,
    new Promise<void>((resolve, reject) => {
      (client as NodeJS.EventEmitter).once(until, () => resolve()).once("error", reject);
      client.connect({ host: "127.0.0.1", port, username: "alice", hostVerifier: () => true, ...options });
    }),
  );
  return attacker;
}

/** A TCP connection that says what a test wants it to. */
export async function rawSocket(bench: Bench): Promise<Socket & { readonly gone: Promise<void> }> {
  const socket = connect({ port: bench.listener.port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void socket.destroy());
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {}).resume();
  await new Promise((resolve) => socket.once("connect", resolve));
  return Object.assign(socket, { gone });
}

/** Somebody who is connected meanwhile, and must not notice anything. */
export async function bystander(bench: Bench): Promise<{ unharmed(): Promise<void> }> {
  const duplex: Duplex = await bench.dial();
  const end = closed(duplex);
  return {
    async unharmed() {
      const answer = readBytes(duplex, 5);
      duplex.write("hello");
      expect((await within("the answer to somebody else", answer)).toString()).toBe("hello");
      duplex.destroy();
      await end;
    },
  };
}

/** Why the server says that it has ended connections, or refused them. */
export function reasons(bench: Bench): string[] {
  return bench.log.lines
    .filter(({ message }) => message === "SSH connection closed" || message === "connection refused")
    .flatMap(({ fields }) => (fields["reason"] === undefined ? [] : [String(fields["reason"])]));
}

/** Waits until the server has said why it ended a connection. */
export async function endedFor(bench: Bench, reason: RegExp): Promise<void> {
  await expect.poll(() => reasons(bench)).toContainEqual(expect.stringMatching(reason));
}
