import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prepareHome } from "../../../../../runtime/src/cli/shared/home.js";
import { loadHostKey } from "../../../../../runtime/src/ssh/keys/identity/host-key.js";
import { tempDir } from "../../ssh/support.js";

test("servers that start in one directory at once have the same host key, and leave no other file", async () => {
  // Which of the steps meet is a matter of chance.
  for (let round = 0; round < 20; round++) await startTogether(join(tempDir(), "home"));
});

async function startTogether(directory: string): Promise<void> {
  const starts = Array.from({ length: 8 }, async () => loadHostKey((await prepareHome(directory)).hostKey));
  const keys = (await Promise.all(starts)).map(({ publicKey }) => publicKey);
  expect(new Set(keys.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  const file = "ssh_host_ed25519_key";
  expect(readdirSync(directory).sort()).toEqual([".gitignore", "authorized_keys", file, `${file}.pub`]);
  expect(readFileSync(join(directory, `${file}.pub`), "utf8")).toContain(keys[0]?.blob.toString("base64"));
}
