import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Bench, failure, makeKey, startBench, startTcp } from "../../unit/runtime/ssh/support.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import { endedFor, otherClient, rawSocket, reasons, unauthenticated } from "./support.js";

const NO_EXEMPTION = { exemptSources: [] };

/** Holds unauthenticated connections open, and returns how many of them are still open. */
async function hold(bench: Bench, count: number, first = ""): Promise<{ open(): number }> {
  let open = 0;
  for (let index = 0; index < count; index++) {
    const socket = connect(bench.listener.port, "127.0.0.1", () => socket.write(first));
    onTestFinished(() => void socket.destroy());
    open++;
    socket.on("error", () => {}).on("close", () => open--);
    socket.resume();
  }
  await until("the connections", () => bench.log.with("connection from a returning address").length > count / 4);
  return { open: () => open };
}

test.each([
  ["send nothing", ""],
  ["send their identification string alone", "SSH-2.0-sleeper\r\n"],
])("300 connections that %s do not block other clients, and are closed after loginGrace", async (_, first) => {
  const bench = await startBench({ loginGrace: 3000 });
  const held = await hold(bench, 300, first);
  // It may take another attempt: no connection is evicted within its first second.
  const start = Date.now();
  for (;;) {
    const duplex = await bench.dial().catch(() => undefined);
    if (duplex !== undefined) break;
    expect(Date.now() - start).toBeLessThan(30_000);
  }
  await expect.poll(held.open).toBe(0);
  await expect.poll(() => bench.listener.connections).toBe(1);
});

test("beyond maxStartups the oldest unauthenticated connections are closed", async () => {
  const bench = await startBench({ maxStartups: { start: 3, rate: 100, full: 3 } });
  const sleepers = [await rawSocket(bench), await rawSocket(bench), await rawSocket(bench)];
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await bench.dial();
  await within("the end of the first", sleepers[0]?.gone ?? Promise.reject());
  await endedFor(bench, /^3 unauthenticated connections \(maxStartups\)$/);
  expect(sleepers.slice(1).map(({ destroyed }) => destroyed)).toEqual([false, false]);
});

test("at maxConnections an unauthenticated connection is closed for a new one", async () => {
  const bench = await startBench({ maxConnections: 2 });
  const kept = await bench.dial();
  const sleeper = await rawSocket(bench);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await bench.dial();
  await within("the end of the sleeper", sleeper.gone);
  await endedFor(bench, /^2 connections are open \(maxConnections\)$/);
  expect(kept.destroyed).toBe(false);
});

test("authenticated connections do not count toward maxStartups", async () => {
  const bench = await startBench({ maxStartups: { start: 1, rate: 100, full: 1 } });
  for (let count = 0; count < 5; count++) await bench.dial();
  expect(bench.accepted).toHaveLength(5);
});

test("an address has at most perSource.address connections, and a new one once another has closed", async () => {
  const bench = await startBench({ ...NO_EXEMPTION, perSource: { address: 2 }, penalties: false });
  const first = await bench.dial();
  await bench.dial();
  await failure(bench.dial());
  await endedFor(bench, /^127\.0\.0\.1 has 2 open connections \(perSource\.address\)$/);
  first.destroy();
  await expect.poll(() => bench.listener.connections).toBe(1);
  await bench.dial();
});

test("an address is blocked for a while after repeated failures, and no other address is", async () => {
  // Two failures are enough, unless the second comes more than three seconds later.
  const penalties = { authFail: 4000, min: 5000, max: 6000 };
  const bench = await startBench({ ...NO_EXEMPTION, penalties });
  const mallory = makeKey(bench.directory, "mallory");
  const key = { identity: mallory.file };
  for (let count = 0; count < 2; count++) {
    expect(await failure(bench.dial(key))).toMatchObject({ status: "UNAUTHENTICATED" });
    await expect.poll(() => bench.listener.connections).toBe(0);
  }
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAVAILABLE" });
  await endedFor(bench, /^127\.0\.0\.1 is blocked for another \d s \(penalties\)$/);
  // From another address of this machine.
  const socket = connect({ port: bench.listener.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  onTestFinished(() => void socket.destroy());
  expect(await within("the identification string", firstLine(socket))).toBe("SSH-2.0-sshrpc");
  await expect
    .poll(
      () =>
        bench.dial().then(
          () => true,
          () => false,
        ),
      { interval: 300 },
    )
    .toBe(true);
});

test("a client whose second key is accepted gets no penalty", async () => {
  const bench = await startBench({ ...NO_EXEMPTION, penalties: { authFail: 1, noAuth: 1, min: 0 } });
  const mallory = makeKey(bench.directory, "mallory");
  const duplex = await bench.dial({ identity: [mallory.file, bench.alice.file] });
  duplex.destroy();
  await expect.poll(() => bench.listener.connections).toBe(0);
  await bench.dial();
});

test("a failed key lookup at the server causes no penalty, and a wrong password does, also when its check throws", async () => {
  let isDown = true;
  const authorizedKeys = () => {
    if (isDown) throw new Error("the directory is down");
    return { scopes: [] };
  };
  const verifyPassword = () => Promise.reject(new Error("invalid credentials"));
  const penalties = { authFail: 60_000, noAuth: 60_000, min: 0 };
  const bench = await startBench({ ...NO_EXEMPTION, penalties, authorizedKeys, verifyPassword, authFailureDelay: 0 });
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAUTHENTICATED" });
  await expect.poll(() => bench.listener.connections).toBe(0);
  isDown = false;
  (await bench.dial()).destroy();
  const guess = bench.dialWithAgent({ identity: [], password: "guess", hostKey: bench.hostKey.publicKey.fingerprint });
  expect(await failure(guess)).toMatchObject({ status: "UNAUTHENTICATED" });
  await expect.poll(() => bench.listener.connections).toBe(0);
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAVAILABLE" });
});

test("a reset connection, or one without a common algorithm, is not a protocolError", async () => {
  const bench = await startBench({
    ...NO_EXEMPTION,
    penalties: { protocolError: 60_000, noAuth: 0, authFail: 0, min: 0 },
  });
  const socket = await rawSocket(bench);
  socket.write("SSH-2.0-in-a-hurry\r\n");
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.resetAndDestroy();
  await expect(unauthenticated(bench, { algorithms: { cipher: ["aes128-cbc"] } })).rejects.toThrow(/cipher/);
  await expect.poll(() => bench.listener.connections).toBe(0);
  await bench.dial();
  // A bad packet is one.
  (await rawSocket(bench)).write("SSH-2.0-x\r\n\0\0\0\0\0\0\0\0");
  await endedFor(bench, /Bad packet length/);
  await failure(bench.dial());
});

test("a client with 200 wrong keys is disconnected after 60 offers, and other clients are unaffected", async () => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const keys = Array.from({ length: 200 }, (_, index) => makeKey(bench.directory, `wrong-${index}`).file);
  for (let round = 0; round < 3; round++) {
    const error = await failure(bench.dial({ identity: keys }));
    expect(error).toMatchObject({ status: "UNAUTHENTICATED" });
  }
  // A client may see its end before the server logs it.
  await expect
    .poll(() => reasons(bench).filter((reason) => reason.startsWith("60 authentication requests, ")))
    .toHaveLength(3);
  await other.stillWorks();
});

test("an identification string that arrives byte by byte is accepted, although ssh2 rejects it", async () => {
  const bench = await startBench();
  const port = await slowRelay(bench.listener.port, 40);
  await bench.dialThrough(port);
  expect(bench.accepted).toHaveLength(1);
});

test("the server sends its identification string first, and once", async () => {
  const bench = await startBench();
  const socket = await rawSocket(bench);
  let received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
  });
  await until("the identification string", () => received.length > 0);
  expect(received).toBe("SSH-2.0-sshrpc\r\n");
  socket.write("SSH-2.0-patient\r\n");
  await until("the key exchange", () => received.length > 500);
  expect(received.split("SSH-2.0-")).toHaveLength(2);
});

test("a client of another protocol is disconnected, and the log quotes it", async () => {
  const bench = await startBench();
  const socket = await rawSocket(bench);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await within("the end", socket.gone);
  await endedFor(bench, /^not an SSH client: received "GET \/ HTTP\/1\.1"$/);
});

test("new and returning addresses are logged", async () => {
  const bench = await startBench();
  await bench.dial();
  await bench.dial();
  expect(bench.log.with("connection from a new address")).toHaveLength(1);
  expect(bench.log.with("connection from a returning address")).toHaveLength(1);
  expect(bench.log.with("connection from a new address")[0]?.fields["address"]).toMatch(/^127\.0\.0\.1:\d+$/);
});

test("refused connections are logged with a rate limit", async () => {
  const bench = await startBench({ ...NO_EXEMPTION, perSource: { address: 1 }, penalties: false });
  await bench.dial();
  for (let count = 0; count < 50; count++) await (await rawSocket(bench)).gone;
  const refused = bench.log.with("connection refused").length;
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThanOrEqual(20);
});

/** The first line that a socket receives. */
function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.on("error", reject).on("close", () => reject(new Error("closed")));
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1").trimEnd()));
  });
}

/** A relay that forwards the first bytes of the client one by one. */
async function slowRelay(to: number, bytes: number): Promise<number> {
  return startTcp((socket) => {
    const onward = connect({ port: to, host: "127.0.0.1", noDelay: true });
    onward.on("error", () => {}).on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
    onward.pipe(socket);
    void (async () => {
      let remaining = bytes;
      for await (const chunk of socket) {
        let at = 0;
        for (; at < chunk.length && remaining > 0; at++, remaining--) {
          onward.write(chunk.subarray(at, at + 1));
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        if (at < chunk.length) onward.write(chunk.subarray(at));
      }
    })().catch(() => {});
  });
}
