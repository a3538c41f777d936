import type { Context } from "sshrpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { notesHandlers } from "../notes-server.js";
import { type SshServed, serveSsh } from "../ssh-server.js";

let served: SshServed;

beforeAll(async () => {
  const get = (_: unknown, { deadline }: Context): number => deadline - Date.now();
  served = await serveSsh(notesHandlers({ "GET /notes": get }));
});
afterAll(() => served[Symbol.asyncDispose]());

test.each([
  ["20000", 20_000],
  ["20000ms", 20_000],
  ["30s", 30_000],
  ["1.5m", 90_000],
  ["1h", 3_600_000],
  ["1d", 86_400_000],
  ["24d", 2_073_600_000],
  ["2147483647", 2_147_483_647],
])("a command with --timeout %s ends after at most %d milliseconds", async (text, milliseconds) => {
  for (const option of [`--timeout ${text}`, `--timeout=${text}`]) {
    const { stdout, exitCode } = await served.ssh.run(`GET /notes ${option}`);
    expect(exitCode).toBe(0);
    expect(Number(stdout)).toBeLessThanOrEqual(milliseconds);
    expect(Number(stdout)).toBeGreaterThan(milliseconds - 15_000);
  }
});

test.each([
  "",
  "0",
  "s",
  "soon",
  "-1s",
  "+1s",
  " 1s",
  "1.s",
  "010s",
  "00",
  "01.5m",
  "1S",
  "1w",
  "1e3",
  ".5s",
  "1.s",
  "010s",
  "00",
  "01.5m",
  "25d",
  "2147483648",
  "9".repeat(300),
])("a command with --timeout %j is refused", async (text) => {
  const { exitCode, stderrTail } = await served.ssh.run(`GET /notes '--timeout=${text}'`);
  expect(exitCode).toBe(4);
  expect(JSON.parse(stderrTail)).toMatchObject({
    status: "BAD_REQUEST",
    message: expect.stringMatching(/^--timeout: invalid duration ".*; write 500ms, 2s or 1m, from 1ms to 24 days$/),
  });
});
