import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import ssh2 from "ssh2";
import { describe, expect, onTestFinished, test } from "vitest";
import { readFixture } from "../../../../../fixtures/keys.js";
import { within } from "../../../support/wait.js";
import { makeKey, startBench, tempDir } from "../../support.js";

/**
 * The patches of ssh2, first without them: where such a test fails, a new version of ssh2 has fixed the fault, and the patch can
 * be removed.
 */
interface Internals {
  readonly _sock: { removeAllListeners(event: string): void };
  readonly _protocol: {
    readonly _handlers: Record<string, (...args: unknown[]) => unknown>;
    readonly _packetRW: {
      readonly write: {
        readonly allocStartKEX: number;
        alloc(size: number, force: boolean): Buffer;
        finalize(packet: Buffer, force: boolean): Buffer;
      };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
    rekey(): void;
  };
}

interface Received {
  algorithms?: readonly string[];
  offered?: string;
}

/** What a client receives from a server while it authenticates with an RSA key. */
function logIn(port: number, privateKey: string): Promise<{ received: Received; client: ssh2.Client & Internals }> {
  const client = new ssh2.Client() as ssh2.Client & Internals;
  onTestFinished(() => void client.destroy());
  const received: Received = {};
  return within(
    "the authentication",
    new Promise((resolve, reject) => {
      client.on("error", reject).on("ready", () => resolve({ received, client }));
      client.connect({ host: "127.0.0.1", port, username: "alice", privateKey, hostVerifier: () => true });
      const handlers = client._protocol._handlers;
      const [extensions, ok] = [handlers["EXT_INFO"], handlers["USERAUTH_PK_OK"]];
      handlers["EXT_INFO"] = (self, list) => {
        received.algorithms ??= (list as { algs: string[] }[])[0]?.algs ?? [];
        return extensions?.(self, list);
      };
      handlers["USERAUTH_PK_OK"] = (self, algorithm, key) => {
        received.offered = String(algorithm);
        return ok?.(self, algorithm, key);
      };
    }),
  );
}

async function startPlain(): Promise<number> {
  const host = makeKey(tempDir(), "host");
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) =>
    connection
      .on("error", () => {})
      .on("authentication", (context) =>
        context.method === "publickey" ? context.accept() : context.reject(["publickey"]),
      ),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

/** IGNORE, and data for the first channel, which need not be open. */
const [IGNORE, UNIMPLEMENTED, DEBUG, CHANNEL_DATA] = [2, 3, 4, 94];

/** Whether a server accepts an empty message of this type during a rekey. */
async function acceptsInRekey(client: ssh2.Client & Internals, type: number): Promise<boolean> {
  const ended = new Promise<false>((resolve) => client.once("close", () => resolve(false)));
  const renewed = new Promise<true>((resolve) => client.once("handshake", () => resolve(true)));
  client.removeAllListeners("error").on("error", () => {});
  client._protocol.rekey();
  const { write } = client._protocol._packetRW;
  const packet = write.alloc(9, true);
  packet.fill(0, write.allocStartKEX, write.allocStartKEX + 9);
  packet[write.allocStartKEX] = type;
  client._protocol._cipher.encrypt(write.finalize(packet, true));
  return within("new keys", Promise.race([ended, renewed]));
}

/** Whether a server accepts an identification string in four pieces. */
function acceptsPieces(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  return within(
    "an answer",
    new Promise((resolve) => {
      let size = 0;
      socket.on("close", () => resolve(false));
      socket.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > 100) resolve(true);
      });
      void (async () => {
        for (const piece of ["SSH-", "2.0-", "pieces", "\r\n"]) {
          socket.write(piece);
          await new Promise((next) => setTimeout(next, 30));
          // The server is in this process: it must read each piece before the next is written.
          for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
        }
      })();
    }),
  );
}

describe("ssh2 without the patches", () => {
  test("has the version that the patches were written for", () => {
    const path = createRequire(import.meta.url).resolve("ssh2/package.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ version: "1.17.0" });
  });

  test("merges two names in server-sig-algs, and replies ssh-rsa for an RSA key", async () => {
    const { received } = await logIn(await startPlain(), readFixture("rsa-2048-1"));
    expect(received.algorithms).toContain("ecdsa-sha2-nistp521rsa-sha2-512");
    expect(received.offered).toBe("ssh-rsa");
  });

  test.each([
    ["an IGNORE message", IGNORE],
    ["channel data", CHANNEL_DATA],
  ])("ends a connection for %s during a rekey", async (_, type) => {
    const { client } = await logIn(await startPlain(), readFixture("rsa-2048-1"));
    expect(await acceptsInRekey(client, type)).toBe(false);
  });

  test("rejects an identification string in four pieces", async () => {
    expect(await acceptsPieces(await startPlain())).toBe(false);
  });
});

describe("a server", () => {
  test("sends its own server-sig-algs, and replies with the client's name for an RSA key", async () => {
    const bench = await startBench({ authorizedKeys: { lines: [readFixture("rsa-2048-1.pub")] } });
    const { received } = await logIn(bench.listener.port, readFixture("rsa-2048-1"));
    expect(received.algorithms).toEqual([
      "ssh-ed25519",
      "sk-ssh-ed25519@openssh.com",
      "ecdsa-sha2-nistp256",
      "ecdsa-sha2-nistp384",
      "ecdsa-sha2-nistp521",
      "sk-ecdsa-sha2-nistp256@openssh.com",
      "rsa-sha2-512",
      "rsa-sha2-256",
    ]);
    expect(received.offered).toMatch(/^rsa-sha2-/);
  });

  test.each([
    ["an IGNORE message", IGNORE],
    ["an UNIMPLEMENTED message", UNIMPLEMENTED],
    ["a DEBUG message", DEBUG],
    ["channel data", CHANNEL_DATA],
  ])("accepts %s during a rekey", async (_, type) => {
    const bench = await startBench();
    const { client } = await logIn(bench.listener.port, bench.alice.privateKey);
    expect(await acceptsInRekey(client, type)).toBe(true);
  });

  test("accepts an identification string in any number of pieces", async () => {
    const bench = await startBench();
    expect(await acceptsPieces(bench.listener.port)).toBe(true);
  });
});
