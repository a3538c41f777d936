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

/** A client of ssh2 that can send any packet. */
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

  /** Sends one packet at once, also during a key exchange. */
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

/** A number as four bytes (RFC 4251, section 5). */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Bytes after their length (RFC 4251, section 5). */
export function string(value: string | Buffer): Buffer {
  return Buffer.concat([uint32(value.length), Buffer.from(value as string, "latin1")]);
}

/** A client that has authenticated as alice. */
export async function authenticated(bench: Bench, options: ssh2.ConnectConfig = {}): Promise<Attacker> {
  return start(bench, "ready", { privateKey: bench.alice.privateKey, ...options });
}

/** A client that has exchanged keys with the server and does not authenticate. */
export async function unauthenticated(bench: Bench, options: ssh2.ConnectConfig = {}): Promise<Attacker> {
  return start(bench, "handshake", { authHandler: (() => undefined) as never, ...options });
}

function start(bench: Bench, until: "ready" | "handshake", options: ssh2.ConnectConfig): Promise<Attacker> {
  return connectTo(bench.listener.port, until, options);
}

/** Connects to a server on this machine, and resolves at the event. */
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

/** A plain TCP connection to the server. */
export async function rawSocket(bench: Bench): Promise<Socket & { readonly gone: Promise<void> }> {
  const socket = connect({ port: bench.listener.port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void socket.destroy());
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {}).resume();
  await new Promise((resolve) => socket.once("connect", resolve));
  return Object.assign(socket, { gone });
}

/** Another client, whose connection must be unaffected. */
export async function otherClient(bench: Bench): Promise<{ stillWorks(): Promise<void> }> {
  const duplex: Duplex = await bench.dial();
  const end = closed(duplex);
  return {
    async stillWorks() {
      const answer = readBytes(duplex, 5);
      duplex.write("hello");
      expect((await within("the answer to the other client", answer)).toString()).toBe("hello");
      duplex.destroy();
      await end;
    },
  };
}

/** The logged reasons of closed and refused connections. */
export function reasons(bench: Bench): string[] {
  return bench.log.lines
    .filter(({ message }) => message === "SSH connection closed" || message === "connection refused")
    .flatMap(({ fields }) => (fields["reason"] === undefined ? [] : [String(fields["reason"])]));
}

/** Waits until the server has logged this reason for the end of a connection; `timeout` in ms. */
export async function endedFor(bench: Bench, reason: RegExp, timeout = 15_000): Promise<void> {
  await expect.poll(() => reasons(bench), { timeout }).toContainEqual(expect.stringMatching(reason));
}
