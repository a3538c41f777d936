import { expect } from "vitest";
import { takeKey } from "../fixtures/keys.js";
import { makeKey, startBench, tempDir } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";
import { itWith } from "./stock.js";

/** A finding of ssh-audit, such as `(kex) curve25519-sha256 -- [warn] unknown algorithm`. */
const FINDING = /^\(\w+\) (\S+).*-- \[(fail|warn)\] (.*)$/;

async function findingsOn(port: number): Promise<readonly string[]> {
  const { stdout } = await run("ssh-audit", ["-n", "-b", "-p", String(port), "127.0.0.1"]);
  // It has scanned the server.
  expect(stdout).toMatch(/^\(kex\) curve25519-sha256@libssh\.org /m);
  expect(stdout).toMatch(/^\(gen\) compression: disabled/m);
  const findings = stdout.split("\n").flatMap((line) => {
    const [, name, level, text] = FINDING.exec(line) ?? [];
    return name === undefined ? [] : [`${level}: ${name}: ${text}`];
  });
  // Versions before 2024 do not know the post-quantum exchange, nor the marker of the strict key exchange.
  const unknown = ["mlkem768x25519-sha256", "kex-strict-s-v00@openssh.com"].map(
    (name) => `warn: ${name}: unknown algorithm`,
  );
  return findings.filter((finding) => !unknown.includes(finding));
}

itWith(["ssh-audit"], "the default server passes ssh-audit without a failure or a warning", async () => {
  expect(await findingsOn((await startBench()).listener.port)).toEqual([]);
});

itWith(["ssh-audit"], "so does a server with an RSA host key beside the one of ed25519", async () => {
  const bench = await startBench({ hostKeys: [takeKey("rsa-3072"), makeKey(tempDir(), "ed25519").file] });
  expect(await findingsOn(bench.listener.port)).toEqual([]);
});
