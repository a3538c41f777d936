import { expect } from "vitest";
import { startBench } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";
import { itWith } from "./stock.js";

/** A finding of ssh-audit, such as `(kex) curve25519-sha256 -- [warn] unknown algorithm`. */
const FINDING = /^\(\w+\) (\S+).*-- \[(fail|warn)\] (.*)$/;

itWith(["ssh-audit"], "the default server passes ssh-audit without a failure or a warning", async () => {
  const bench = await startBench();
  const { stdout } = await run("ssh-audit", ["-n", "-b", "-p", String(bench.listener.port), "127.0.0.1"]);
  // It has scanned the server.
  expect(stdout).toMatch(/^\(kex\) curve25519-sha256@libssh\.org /m);
  expect(stdout).toMatch(/^\(gen\) compression: disabled/m);
  const findings = stdout.split("\n").flatMap((line) => {
    const [, name, level, text] = FINDING.exec(line) ?? [];
    return name === undefined ? [] : [`${level}: ${name}: ${text}`];
  });
  // Versions before 2024 do not know the marker of the strict key exchange, and take it for an algorithm.
  const unknown = "warn: kex-strict-s-v00@openssh.com: unknown algorithm";
  expect(findings.filter((finding) => finding !== unknown)).toEqual([]);
});
