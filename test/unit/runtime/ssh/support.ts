import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { expect, onTestFinished } from "vitest";
import type { Logger } from "../../../../runtime/src/base/log.js";
import type { Peer } from "../../../../runtime/src/base/peer.js";
import type { Session } from "../../../../runtime/src/base/session.js";
import { sshTransport } from "../../../../runtime/src/compose/ssh-transport.js";
import { logObserver } from "../../../../runtime/src/observe/log-observer.js";
import type { DialOptions } from "../../../../runtime/src/ssh/client/dial-options.js";
import { generateEd25519 } from "../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { type PublicKey, publicKeyLine } from "../../../../runtime/src/ssh/keys/format/public-key.js";
import type { ChannelHandler } from "../../../../runtime/src/ssh/server/channel-handler.js";
import { type Listener, listen } from "../../../../runtime/src/ssh/server/listen.js";
import type { ListenOptions } from "../../../../runtime/src/ssh/server/listen-options.js";

/** A directory that is removed after the test. */
export function tempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a file into a directory, and returns its path. */
export function write(directory: string, name: string, content: string | Buffer, mode = 0o600): string {
  const file = join(directory, name);
  writeFileSync(file, content, { mode });
  return file;
}

/** A key pair, with the private key in a file. */
export interface TestKey {
  readonly file: string;
  readonly privateKey: string;
  readonly publicKey: PublicKey;
  /** The line of authorized_keys, without a comment. */
  readonly line: string;
}

export function makeKey(directory: string, name: string): TestKey {
  const { privateKey, publicKey } = generateEd25519(name);
  return { file: write(directory, name, privateKey), privateKey, publicKey, line: publicKeyLine(publicKey) };
}

/** A logger that keeps its lines. */
export class TestLog implements Logger {
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  readonly debug = this.#at("debug");
  readonly info = this.#at("info");
  readonly warn = this.#at("warn");
  readonly error = this.#at("error");

  #at(level: string) {
    return (fields: object, message = "") => void this.lines.push({ level, message, fields: { ...fields } });
  }

  /** The lines with this message. */
  with(message: string) {
    return this.lines.filter((line) => line.message === message);
  }
}

/** An echo server, an authorized key, and a known_hosts file with the server's key. */
export interface Bench {
  readonly directory: string;
  readonly listener: Listener;
  readonly alice: TestKey;
  readonly hostKey: TestKey;
  readonly authorizedKeys: string;
  readonly knownHosts: string;
  readonly log: TestLog;
  /** The peers that were accepted, and their duplexes. */
  readonly accepted: { peer: Peer; duplex: Duplex }[];
  readonly address: string;
  /** Dials with alice's key, unless the options override it. */
  dial(options?: DialOptions, signal?: AbortSignal): Promise<Duplex>;
  /** Dials with alice's key under another user name. */
  dialAs(user: string): Promise<Duplex>;
  /** Dials with the keys of an agent only. */
  dialWithAgent(options: DialOptions): Promise<Duplex>;
  /** Dials through a relay. */
  dialThrough(port: number): Promise<Duplex>;
}

/** Serves the subsystem sshrpc. */
export function subsystemHandler(run: (duplex: Duplex, peer: Peer) => void): ChannelHandler<"subsystem"> {
  return {
    name: "test",
    match: (request) => request.kind === "subsystem" && request.name === "sshrpc",
    run: ({ stream, peer }) => run(stream, peer),
  };
}

/** Serves commands. */
export function execHandler(run: (session: Session, command: string) => void): ChannelHandler<"exec"> {
  return { name: "exec", match: ({ kind }) => kind === "exec", run: (session, { command }) => run(session, command) };
}

/** Serves shells. */
export function shellHandler(run: (session: Session) => void): ChannelHandler<"shell"> {
  return { name: "shell", match: ({ kind }) => kind === "shell", run };
}

/** Options of a bench's server. */
export type BenchOptions = Partial<ListenOptions>;

export async function startBench(
  options: BenchOptions = {},
  accept: (duplex: Duplex) => void = (duplex) => void duplex.pipe(duplex),
  handlers: readonly ChannelHandler[] = [],
): Promise<Bench> {
  const directory = tempDir();
  const alice = makeKey(directory, "alice");
  const hostKey = makeKey(directory, "host");
  const authorizedKeys = write(directory, "authorized_keys", `scopes="notes:*" ${alice.line} alice@laptop\n`);
  const log = new TestLog();
  const accepted: Bench["accepted"] = [];
  const listener = await listen(
    {
      port: 0,
      ident: "sshrpc",
      hostKeys: hostKey.file,
      authorizedKeys,
      observer: logObserver(log).observer,
      ...options,
    },
    [
      ...handlers,
      subsystemHandler((duplex, peer) => {
        accepted.push({ peer, duplex });
        duplex.on("error", () => {});
        accept(duplex);
      }),
    ],
  );
  onTestFinished(() => listener.close());
  const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${listener.port} ${hostKey.line}\n`);
  const address = `ssh://alice@127.0.0.1:${listener.port}`;
  const refused = () => log.with("session refused").length > 0;
  const open = async (to: string, dialOptions: DialOptions, signal?: AbortSignal) => {
    const before = accepted.length;
    const duplex = await sshTransport(to, { sshConfig: false, ...dialOptions }).open(signal);
    // A client may write before the server has read its request.
    await expect.poll(() => accepted.length > before || duplex.destroyed || refused(), { interval: 2 }).toBe(true);
    // The server may close it before the test ends; a test that expects an error listens, too.
    duplex.on("error", () => {});
    onTestFinished(() => void duplex.on("error", () => {}).destroy());
    return duplex;
  };
  const dial: Bench["dial"] = (dialOptions, signal) =>
    open(address, { identity: alice.file, knownHosts, ...dialOptions }, signal);
  const dialAs = (user: string) => open(address.replace("alice", user), { identity: alice.file, knownHosts });
  const dialWithAgent: Bench["dialWithAgent"] = (dialOptions) => open(address, dialOptions);
  const dialThrough = (port: number) =>
    open(`ssh://alice@127.0.0.1:${port}`, { identity: alice.file, hostKey: hostKey.publicKey.fingerprint });
  return {
    directory,
    listener,
    alice,
    hostKey,
    authorizedKeys,
    knownHosts,
    log,
    accepted,
    address,
    dial,
    dialAs,
    dialWithAgent,
    dialThrough,
  };
}

/** Starts a TCP server that passes its sockets to `onSocket`, and returns its port. */
export async function startTcp(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The size of the port range of each test process. */
const PORTS = 1000;
const given = new Set<number>();

/**
 * A free port. It is below the ephemeral ports (from 32,768 on) and in the range of this test process alone, so it is still
 * free when a program listens on it later.
 */
export async function freePort(): Promise<number> {
  const first = 12_000 + PORTS * (Number(process.env["VITEST_POOL_ID"] ?? 0) % 20);
  for (;;) {
    const port = first + randomInt(PORTS);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/**
 * A TCP relay in front of a server; `kill` resets both sides, as a crash or an unplugged cable does, and `end` ends both without a message, as
 * the system does for a process that ends.
 */
export async function startRelay(to: number): Promise<{ port: number; kill(): void; end(): void }> {
  const pairs: Socket[] = [];
  const port = await startTcp((socket) => {
    const onward = connect(to, "127.0.0.1");
    onward.on("error", () => {});
    socket.pipe(onward).pipe(socket);
    pairs.push(socket, onward);
  });
  return {
    port,
    kill: () => pairs.forEach((socket) => void socket.resetAndDestroy()),
    end: () => pairs.forEach((socket) => void socket.end()),
  };
}

/** The rejection of a promise. @throws Error where it fulfills */
export async function failure(promise: Promise<unknown>): Promise<Error & { status?: string }> {
  return promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: Error) => error,
  );
}

/** Reads `size` bytes. */
export function readBytes(duplex: Duplex, size: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let total = 0;
    const onClose = () => reject(new Error(`closed after ${total} of ${size} bytes`));
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      total += chunk.length;
      if (total < size) return;
      duplex.off("data", onData).off("close", onClose);
      resolve(Buffer.concat(chunks));
    };
    duplex.on("data", onData).on("close", onClose);
  });
}

/** The text until the other side ends. Unlike a loop over the stream, it leaves the stream open. */
export function readText(duplex: Duplex): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    duplex.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    duplex.once("end", () => resolve(text));
    duplex.once("error", reject);
  });
}

/** Resolves with the error, if any, once the stream has closed. */
export function closed(duplex: Duplex): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let error: Error | undefined;
    duplex.on("error", (reason: Error) => {
      error = reason;
    });
    duplex.once("close", () => resolve(error));
  });
}
