import { expect, test } from "vitest";
import { closed, readBytes, startBench } from "../../unit/runtime/ssh/support.js";
import { within } from "../../unit/runtime/support/wait.js";
import { authenticated, endedFor } from "./support.js";

test("keepalive detects a silent client and closes its connection and channels", async () => {
  const bench = await startBench({ keepaliveInterval: 100, keepaliveCountMax: 2 }, (duplex) => void duplex.pause());
  const attacker = await authenticated(bench);
  await attacker.open();
  const end = closed(bench.accepted[0]?.duplex as never);
  // As after an unplugged cable: nothing is read or sent, and the connection stays open.
  attacker.socket.removeAllListeners("data");
  attacker.socket.pause();
  expect((await within("the end of the channel", end))?.message).toMatch(/was lost: Keepalive timeout$/);
  await expect.poll(() => bench.listener.connections).toBe(0);
  await endedFor(bench, /^Keepalive timeout$/);
});

test("a client that only answers keepalives stays connected until idleTimeout", async () => {
  const options = { keepaliveInterval: 150, keepaliveCountMax: 3 };
  const patient = await startBench(options);
  const strict = await startBench({ ...options, idleTimeout: 1200 });
  const [kept, lost] = [await authenticated(patient), await authenticated(strict)];
  await within("the end", lost.gone);
  await endedFor(strict, /^not used for 1200 ms \(idleTimeout\)$/);
  expect(kept.socket.destroyed).toBe(false);
});

test("a connection with an open session is in use, also in silence", async () => {
  const bench = await startBench({ idleTimeout: 300 });
  const duplex = await bench.dial();
  const other = await authenticated(bench);
  await within("the end of the unused connection", other.gone);
  const second = await authenticated(bench);
  await within("the end of the next one", second.gone);
  const answer = readBytes(duplex, 1);
  duplex.write("x");
  expect((await within("the answer", answer)).toString()).toBe("x");
});

test("a listener for the client keeps its connection in use", async () => {
  const bench = await startBench({ idleTimeout: 300, forwarding: { permitListen: () => true } });
  const listening = await authenticated(bench);
  await new Promise<void>((resolve, reject) =>
    listening.client.forwardIn("127.0.0.1", 0, (error) => (error ? reject(error) : resolve())),
  );
  for (let round = 0; round < 2; round++) await within("the end", (await authenticated(bench)).gone);
  expect(listening.socket.destroyed).toBe(false);
});
