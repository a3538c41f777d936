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
  const [kept, lost] = [await patient.dial(), await strict.dial()];
  expect((await within("the end", closed(lost)))?.message).toMatch(/was lost/);
  await endedFor(strict, /^no channel activity for 1200 ms \(idleTimeout\)$/);
  expect(kept.destroyed).toBe(false);
});

test("a connection with channel activity is not idle", async () => {
  const bench = await startBench({ idleTimeout: 2000 });
  const duplex = await bench.dial();
  for (let round = 0; round < 14; round++) {
    const answer = readBytes(duplex, 1);
    duplex.write("x");
    await within("the answer", answer);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(duplex.destroyed).toBe(false);
});
