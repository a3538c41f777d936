import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2 from "ssh2";
import { expect, onTestFinished, test } from "vitest";
import { open } from "../../interop/client.js";
import { closed, failure, makeKey, tempDir } from "../../unit/runtime/ssh/support.js";
import { within } from "../../unit/runtime/support/wait.js";

/** The private parts of ssh2's connection that a hostile server needs. */
interface Internals {
  readonly _sock: Socket;
  readonly _protocol: {
    rekey(): void;
    channelOpenConfirm(remote: number, local: number, window: number, packet: number): void;
    channelData(id: number, data: Buffer): void;
    channelWindowAdjust(id: number, amount: number): void;
    authInfoReq(name: string, instructions: string, prompts: readonly object[]): void;
    readonly _packetRW: {
      readonly write: {
        readonly allocStart: number;
        readonly allocStartKEX: number;
        alloc(size: number, force?: boolean): Buffer;
        finalize(packet: Buffer, force?: boolean): Buffer;
      };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
  };
}

type Hostile = ssh2.Connection & Internals;

interface Behaviour {
  /** Runs before the client has authenticated. */
  readonly greet?: (connection: Hostile) => void;
  readonly authenticate?: (context: ssh2.AuthContext, connection: Hostile) => void;
  /** Runs once the channel of the client is open. */
  readonly serve?: (
    channel: ssh2.ServerChannel & { readonly outgoing: { readonly id: number } },
    connection: Hostile,
  ) => void;
}

/** Connects to a server that behaves as a test says. */
async function dial({ greet, authenticate, serve }: Behaviour): Promise<Duplex> {
  const directory = tempDir();
  const [host, alice] = [makeKey(directory, "host"), makeKey(directory, "alice")];
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (connection) => {
    const hostile = connection as Hostile;
    connection.on("error", () => {});
    greet?.(hostile);
    connection.on("authentication", (context) => (authenticate ? authenticate(context, hostile) : context.accept()));
    connection.on("session", (accept) =>
      accept().on("subsystem", (take) => {
        const channel = take();
        channel.on("error", () => {});
        serve?.(channel as never, hostile);
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const options = { identity: alice.file, hostKey: host.publicKey.fingerprint, connectTimeout: 5000 };
  return open(`ssh://alice@127.0.0.1:${port}`, options);
}

test("a packet size of 0 from the server does not hang the client", async () => {
  const error = await failure(
    dial({
      greet: ({ _protocol }) => {
        const confirm = _protocol.channelOpenConfirm.bind(_protocol);
        _protocol.channelOpenConfirm = (remote, local, window) => confirm(remote, local, window, 0);
      },
    }),
  );
  expect(error).toMatchObject({ status: "UNAVAILABLE" });
  expect(error.message).toMatch(/packet size of 0 bytes is below the minimum of 1024 bytes/);
});

test("a server that sends data beyond the client's window is disconnected", async () => {
  const duplex = await dial({
    serve: ({ outgoing }, { _protocol }) => {
      for (let sent = 0; sent < 16_000_000; sent += 30_001) _protocol.channelData(outgoing.id, Buffer.alloc(30_001));
    },
  });
  duplex.pause();
  expect((await within("the end", closed(duplex)))?.message).toMatch(
    /30001 bytes of data exceed the window of \d+ bytes/,
  );
});

test("a server that opens a window beyond 4294967295 bytes is disconnected", async () => {
  const duplex = await dial({
    serve: ({ outgoing }, { _protocol }) => _protocol.channelWindowAdjust(outgoing.id, 0xffff_ffff),
  });
  expect((await within("the end", closed(duplex)))?.message).toMatch(
    /window of \d+ bytes exceeds the maximum of 4294967295 bytes/,
  );
});

test("a server that sends without end during a rekey is disconnected", async () => {
  const duplex = await dial({
    serve: (_, { _protocol, _sock }) => {
      // Keeps ssh2 from finishing the exchange.
      _sock.removeAllListeners("data").resume();
      _protocol.rekey();
      const { write } = _protocol._packetRW;
      for (let sent = 0; sent < 1100; sent++) {
        const packet = write.alloc(32_768, true);
        // Data for a channel that was never opened.
        packet.fill(0, write.allocStartKEX, write.allocStartKEX + 9);
        packet.set([94, 0, 0, 1], write.allocStartKEX);
        _protocol._cipher.encrypt(write.finalize(packet, true));
      }
    },
  });
  expect((await within("the end", closed(duplex)))?.message).toMatch(
    /33587200 bytes in 1025 packets during one key exchange/,
  );
});
