import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Bench, failure, makeKey, startBench, startTcp } from "../../unit/runtime/ssh/support.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import { bystander, endedFor, rawSocket, reasons, stranger } from "./support.js";

const NOBODY_EXEMPT = { exemptSources: [] };

/** Holds connections open that do not log in, and gives how many of them are left. */
async function hold(bench: Bench, count: number, first = ""): Promise<{ left(): number }> {
  let left = 0;
  for (let index = 0; index < count; index++) {
    const socket = connect(bench.listener.port, "127.0.0.1", () => socket.write(first));
    onTestFinished(() => void socket.destroy());
    left++;
    socket.on("error", () => {}).on("close", () => left--);
    socket.resume();
  }
  await until("the connections", () => bench.log.with("connection from a returning address").length > count / 4);
  return { left: () => left };
}

test.each([
  ["say nothing", ""],
  ["say who they are and no more", "SSH-2.0-sleeper\r\n"],
])("300 connections that %s keep nobody from calling, and are gone after the time to log in", async (_, first) => {
  const bench = await startBench({ loginGrace: 3000 });
  const held = await hold(bench, 300, first);
  // It may take another try, since nobody has to go within the first second.
  const start = Date.now();
  for (;;) {
    const duplex = await bench.dial().catch(() => undefined);
    if (duplex !== undefined) break;
    expect(Date.now() - start).toBeLessThan(30_000);
  }
  await expect.poll(held.left).toBe(0);
  await expect.poll(() => bench.listener.connections).toBe(1);
});

test("when more wait than may, those go who have waited longest", async () => {
  const bench = await startBench({ maxStartups: { start: 3, rate: 100, full: 3 } });
  const sleepers = [await rawSocket(bench), await rawSocket(bench), await rawSocket(bench)];
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await bench.dial();
  await within("the end of the first", sleepers[0]?.gone ?? Promise.reject());
  await endedFor(bench, /^3 connections have not logged in \(maxStartups\)$/);
  expect(sleepers.slice(1).map(({ destroyed }) => destroyed)).toEqual([false, false]);
});

test("those who do not log in take nobody's place, however few there are", async () => {
  const bench = await startBench({ maxConnections: 2 });
  const kept = await bench.dial();
  const sleeper = await rawSocket(bench);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await bench.dial();
  await within("the end of the sleeper", sleeper.gone);
  await endedFor(bench, /^2 connections are open \(maxConnections\)$/);
  expect(kept.destroyed).toBe(false);
});

test("connections that have logged in do not count as waiting", async () => {
  const bench = await startBench({ maxStartups: { start: 1, rate: 100, full: 1 } });
  for (let count = 0; count < 5; count++) await bench.dial();
  expect(bench.accepted).toHaveLength(5);
});

test("one address has no more connections than it may, and others again when one has gone", async () => {
  const bench = await startBench({ ...NOBODY_EXEMPT, perSource: { address: 2 }, penalties: false });
  const first = await bench.dial();
  await bench.dial();
  await failure(bench.dial());
  await endedFor(bench, /^127\.0\.0\.1 has 2 connections open \(perSource\.address\)$/);
  first.destroy();
  await expect.poll(() => bench.listener.connections).toBe(1);
  await bench.dial();
});

test("an address whose keys are refused again and again stays out for a while, and no other does", async () => {
  // Two of them are enough, unless the second comes more than three seconds later.
  const penalties = { authFail: 4000, min: 5000, max: 6000 };
  const bench = await startBench({ ...NOBODY_EXEMPT, penalties });
  const mallory = makeKey(bench.directory, "mallory");
  const key = { identity: mallory.file };
  for (let count = 0; count < 2; count++) {
    expect(await failure(bench.dial(key))).toMatchObject({ status: "UNAUTHENTICATED" });
    await expect.poll(() => bench.listener.connections).toBe(0);
  }
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAVAILABLE" });
  await endedFor(bench, /^127\.0\.0\.1 has misbehaved, and stays out for \d s more \(penalties\)$/);
  // From another address of this machine.
  const socket = connect({ port: bench.listener.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  onTestFinished(() => void socket.destroy());
  expect(await within("a greeting", firstLine(socket))).toBe("SSH-2.0-sshrpc");
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

test("a client whose first key is refused and whose second is not has done nothing wrong", async () => {
  const bench = await startBench({ ...NOBODY_EXEMPT, penalties: { authFail: 1, noAuth: 1, min: 0 } });
  const mallory = makeKey(bench.directory, "mallory");
  const duplex = await bench.dial({ identity: [mallory.file, bench.alice.file] });
  duplex.destroy();
  await expect.poll(() => bench.listener.connections).toBe(0);
  await bench.dial();
});

test("nobody has to stay out because the server could not look their key up; who guesses has to, whatever that ends with", async () => {
  let isDown = true;
  const authorizedKeys = () => {
    if (isDown) throw new Error("the directory is down");
    return { scopes: [] };
  };
  const verifyPassword = () => Promise.reject(new Error("invalid credentials"));
  const penalties = { failed: 60_000, left: 60_000, min: 0 };
  const bench = await startBench({ ...NOBODY_EXEMPT, penalties, authorizedKeys, verifyPassword, authFailureDelay: 0 });
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAUTHENTICATED" });
  await expect.poll(() => bench.listener.connections).toBe(0);
  isDown = false;
  (await bench.dial()).destroy();
  const guess = bench.dialWithAgent({ identity: [], password: "guess", hostKey: bench.hostKey.publicKey.fingerprint });
  expect(await failure(guess)).toMatchObject({ status: "UNAUTHENTICATED" });
  await expect.poll(() => bench.listener.connections).toBe(0);
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAVAILABLE" });
});

test("a client that vanishes, or has no algorithm in common with the server, has not broken the protocol", async () => {
  const bench = await startBench({
    ...NOBODY_EXEMPT,
    penalties: { protocolError: 60_000, noAuth: 0, authFail: 0, min: 0 },
  });
  const socket = await rawSocket(bench);
  socket.write("SSH-2.0-in-a-hurry\r\n");
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.resetAndDestroy();
  await expect(stranger(bench, { algorithms: { cipher: ["aes128-cbc"] } })).rejects.toThrow(/cipher/);
  await expect.poll(() => bench.listener.connections).toBe(0);
  await bench.dial();
  // And one that has.
  (await rawSocket(bench)).write("SSH-2.0-x\r\n\0\0\0\0\0\0\0\0");
  await endedFor(bench, /Bad packet length/);
  await failure(bench.dial());
});

test("200 wrong keys cost a stranger one connection for each six of them, and nobody else anything", async () => {
  const bench = await startBench();
  const other = await bystander(bench);
  const keys = Array.from({ length: 40 }, (_, index) => makeKey(bench.directory, `wrong-${index}`).file);
  for (let round = 0; round < 5; round++) {
    const error = await failure(bench.dial({ identity: keys }));
    expect(error).toMatchObject({ status: "UNAUTHENTICATED" });
  }
  // A client may hear of its end before the server notes it.
  await expect
    .poll(() => reasons(bench).filter((reason) => reason === "6 failed authentication attempts"))
    .toHaveLength(5);
  await other.unharmed();
});

test("a greeting that comes byte by byte is taken: ssh2 would refuse it", async () => {
  const bench = await startBench();
  const port = await slowRelay(bench.listener.port, 40);
  await bench.dialThrough(port);
  expect(bench.accepted).toHaveLength(1);
});

test("the server greets at once, before the client does, and only once", async () => {
  const bench = await startBench();
  const socket = await rawSocket(bench);
  let heard = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString("latin1");
  });
  await until("the greeting", () => heard.length > 0);
  expect(heard).toBe("SSH-2.0-sshrpc\r\n");
  socket.write("SSH-2.0-patient\r\n");
  await until("the key exchange", () => heard.length > 500);
  expect(heard.split("SSH-2.0-")).toHaveLength(2);
});

test("whoever is no SSH client is sent away without an answer, and the log has its words", async () => {
  const bench = await startBench();
  const socket = await rawSocket(bench);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await within("the end", socket.gone);
  await endedFor(bench, /^it is no SSH client: it says "GET \/ HTTP\/1\.1"$/);
});

test("new and returning addresses are logged", async () => {
  const bench = await startBench();
  await bench.dial();
  await bench.dial();
  expect(bench.log.with("connection from a new address")).toHaveLength(1);
  expect(bench.log.with("connection from a returning address")).toHaveLength(1);
  expect(bench.log.with("connection from a new address")[0]?.fields["address"]).toMatch(/^127\.0\.0\.1:\d+$/);
});

test("refused connections do not fill the log", async () => {
  const bench = await startBench({ maxConnections: 1 });
  await bench.dial();
  for (let count = 0; count < 50; count++) await (await rawSocket(bench)).gone;
  expect(bench.log.with("connection refused").length).toBeLessThanOrEqual(20);
});

/** The first line that a socket says. */
function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.on("error", reject).on("close", () => reject(new Error("closed")));
    socket.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1").trimEnd()));
  });
}

/** A relay that sends the first bytes of the client one by one. */
async function slowRelay(to: number, bytes: number): Promise<number> {
  return startTcp((socket) => {
    const onward = connect({ port: to, host: "127.0.0.1", noDelay: true });
    onward.on("error", () => {}).on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
    onward.pipe(socket);
    void (async () => {
      let left = bytes;
      for await (const chunk of socket) {
        let at = 0;
        for (; at < chunk.length && left > 0; at++, left--) {
          onward.write(chunk.subarray(at, at + 1));
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        if (at < chunk.length) onward.write(chunk.subarray(at));
      }
    })().catch(() => {});
  });
}
