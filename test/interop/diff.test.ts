import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contract } from "sshrpc/contract";
import { expect, onTestFinished, test } from "vitest";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { type Served, serveNotesOverSsh } from "./served.js";
import { itWith } from "./stock.js";

const STARTS_PROCESSES = 60_000;

/** A server of the notes with these scopes for its only key. */
function serveTo(scopes: string): Promise<Served> {
  return serveNotesOverSsh({ authorizedKeys: () => ({ scopes: scopes.split(",") }) });
}

const flagsOf = ({ key, knownHosts }: Served) => ["--identity", key.file, "--known-hosts", knownHosts];
const addressOf = ({ server }: Served) => `ssh://alice@127.0.0.1:${server.port}`;

/** The contract of a server in a file, without one of its methods. */
async function contractFile(served: Served, change: (contract: Contract) => object): Promise<string> {
  const { stdout } = await sshrpc(["contract", addressOf(served), ...flagsOf(served)]);
  const folder = mkdtempSync(join(tmpdir(), "sshrpc-diff-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "api.json");
  writeFileSync(file, JSON.stringify(change(JSON.parse(stdout).contract)));
  return file;
}

const withMore = (contract: Contract): object => ({
  ...contract,
  resources: {
    ...contract.resources,
    more: { path: "/more", methods: { GET: { kind: "unary", idempotent: true, request: {}, response: {} } } },
  },
});

test(
  "diff compares with a running server; a key that sees a part of it gets unknown, never removed",
  async () => {
    const whole = await serveTo("sshrpc:contract,notes:*");
    const file = await contractFile(whole, withMore);
    const removed = await sshrpc(["diff", file, addressOf(whole), ...flagsOf(whole)]);
    expect(removed.stdout).toContain("breaking    method removed (method-removed)");
    expect(removed).toMatchObject({ status: 1, stderr: "" });

    const part = await serveTo("notes:read");
    const unknown = await sshrpc(["diff", file, addressOf(part), ...flagsOf(part)]);
    expect(unknown.stdout).toContain("unknown     method removed (method-removed)");
    expect(unknown.stdout).toContain("shows a part of its contract; the whole requires the scope sshrpc:contract\n");
    expect(unknown.stdout).not.toContain("breaking");
    expect(unknown).toMatchObject({ status: 0, stderr: "" });
  },
  STARTS_PROCESSES,
);

test(
  "a server that cannot be reached is an error of one line",
  async () => {
    const served = await serveTo("notes:read");
    const file = await contractFile(served, (contract) => contract);
    await served.server.close();
    const { status, stdout, stderr } = await sshrpc(["diff", file, addressOf(served), ...flagsOf(served)]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^sshrpc: ssh:\/\/alice@127\.0\.0\.1:\d+: .*\n$/);
  },
  STARTS_PROCESSES,
);

itWith(
  ["ssh"],
  "diff reads the contract over the ssh program, too",
  async () => {
    const served = await serveTo("sshrpc:contract");
    const file = await contractFile(served, (contract) => contract);
    const { status, stdout } = await sshrpc(["diff", file, addressOf(served), "--via", "ssh", ...flagsOf(served)]);
    expect(stdout).toContain("no changes");
    expect(status).toBe(0);
  },
  STARTS_PROCESSES,
);
