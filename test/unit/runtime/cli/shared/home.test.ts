import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fingerprintOf, sshrpc, tempDir } from "../run.js";

test("commands that create a home at once have the same host key, and leave no other file", async () => {
  // Which of the steps meet is a matter of chance.
  for (let round = 0; round < 20; round++) await startTogether(tempDir());
});

async function startTogether(cwd: string): Promise<void> {
  const starts = await Promise.all(
    Array.from({ length: 8 }, () => sshrpc(["keys", "init", "--home", "home"], { cwd })),
  );
  expect(starts.map(({ status, stderr }) => [status, stderr])).toEqual(Array(8).fill([0, ""]));
  const keys = starts.map(({ stdout }) => /SHA256:\S+/.exec(stdout)?.[0]);
  expect(new Set(keys).size).toBe(1);
  const file = "ssh_host_ed25519_key";
  const home = join(cwd, "home");
  expect(readdirSync(home).sort()).toEqual([".gitignore", "authorized_keys", file, `${file}.pub`]);
  expect(fingerprintOf(readFileSync(join(home, `${file}.pub`), "utf8"))).toBe(keys[0]);
}
