import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { reopenMoved } from "../../../../runtime/src/observe/reopen-moved.js";

it("opens a log again whose folder was away for a while, and says once that it could not", async () => {
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
  const look = reopenMoved(file, 0o600, destination, (message, error) => problems.push(`${message}: ${error.message}`));
  const write = async (line: string): Promise<void> => {
    destination.write(`${line}\n`);
    await new Promise<void>((resolve) => destination.flush(() => resolve()));
  };

  await write("one");
  await look();
  await rename(folder, join(home, "moved"));
  await look();
  await look();
  expect(problems).toEqual([expect.stringMatching(/^the audit log cannot be opened again.*ENOENT/)]);
  await write("two");
  expect(await readFile(join(home, "moved", "audit.log"), "utf8")).toBe("one\ntwo\n");

  await mkdir(folder);
  await look();
  await look();
  await write("three");
  expect(await readFile(file, "utf8")).toBe("three\n");
  expect(problems).toHaveLength(1);
});
