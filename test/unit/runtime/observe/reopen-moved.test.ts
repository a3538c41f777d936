import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { reopenMoved } from "../../../../runtime/src/observe/reopen-moved.js";

it("reopens a log whose directory was missing for a while, and reports the failure once", async () => {
  const home = await mkdtemp(join(tmpdir(), "sshrpc-"));
  const folder = join(home, "logs");
  const file = join(folder, "audit.log");
  await mkdir(folder);
  const destination = pino.destination({ dest: file, append: true, sync: false });
  await once(destination, "ready");
  onTestFinished(async () => {
    const closed = once(destination, "close");
    destination.end();
    await closed;
    await rm(home, { recursive: true });
  });
  const problems: string[] = [];
  const check = reopenMoved(file, 0o600, destination, (message, error) =>
    problems.push(`${message}: ${error.message}`),
  );
  const write = async (line: string): Promise<void> => {
    destination.write(`${line}\n`);
    await new Promise<void>((resolve) => destination.flush(() => resolve()));
  };

  await write("one");
  await check();
  await rename(folder, join(home, "moved"));
  await check();
  await check();
  expect(problems).toEqual([expect.stringMatching(/^the audit log cannot be reopened.*ENOENT/)]);
  await write("two");
  expect(await readFile(join(home, "moved", "audit.log"), "utf8")).toBe("one\ntwo\n");

  await mkdir(folder);
  await check();
  await check();
  await write("three");
  expect(await readFile(file, "utf8")).toBe("three\n");
  expect(problems).toHaveLength(1);
});
