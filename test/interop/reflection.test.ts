import { expect } from "vitest";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { run } from "./run.js";
import { type Served, serveNotesOverSsh } from "./served.js";
import { SSHD } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

const STARTS_PROCESSES = 60_000;

/** A server of the notes with these scopes for its only key. */
function serveTo(scopes: string): Promise<Served> {
  return serveNotesOverSsh({ authorizedKeys: () => ({ scopes: scopes.split(",") }) });
}

const pathsOf = ({ resources }: { resources: Record<string, { path: string }> }) =>
  Object.values(resources).map(({ path }) => path);

itWith(["ssh"], "ssh host contract prints what the key may call; sshrpc:contract shows the whole", async () => {
  const some = await serveTo("notes:read");
  for (const command of ["contract", "GET /sshrpc/contract"]) {
    const { status, stdout, stderr } = await run("ssh", [...some.ssh, command]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { contract, complete } = JSON.parse(stdout);
    expect(complete).toBe(false);
    expect(Object.keys(contract.resources.notes.methods)).toEqual(["GET"]);
    expect(contract.types).not.toHaveProperty("Unused");
  }
  const whole = await serveTo("sshrpc:contract");
  const { contract, complete } = JSON.parse((await run("ssh", [...whole.ssh, "contract"])).stdout);
  expect(complete).toBe(true);
  expect(Object.keys(contract.resources.notes.methods)).toEqual(["GET", "STORE"]);
  expect(contract.types).toHaveProperty("Unused");
});

itWith(
  ["ssh"],
  "sshrpc contract prints it over its own SSH client and over ssh, or its hash alone",
  async () => {
    const served = await serveTo("notes:read");
    const address = `ssh://alice@127.0.0.1:${served.server.port}`;
    const flags = ["--identity", served.key.file, "--known-hosts", served.knownHosts];
    for (const via of ["ssh2", "ssh"]) {
      const { status, stdout, stderr } = await sshrpc(["contract", address, "--via", via, ...flags]);
      expect(stderr).toBe(
        "sshrpc: the contract has the methods that this key may call; the whole one requires the scope sshrpc:contract\n",
      );
      expect(status).toBe(0);
      const { contract, complete } = JSON.parse(stdout);
      expect({ complete, paths: pathsOf(contract) }).toEqual({
        complete: false,
        paths: ["/notes", "/notes/{id}", "/ticks", "/files/{name}"],
      });
    }
    const hash = await sshrpc(["contract", address, "--hash", ...flags]);
    expect(hash).toEqual({ status: 0, stdout: "00\n", stderr: "" });
  },
  STARTS_PROCESSES,
);

itWith(
  ["ssh", SSHD],
  "under a stock sshd, --scopes '*' does not show the whole contract, and --scopes sshrpc:contract does",
  async () => {
    for (const [scopes, expected] of [
      ["\\*", false],
      ["sshrpc:contract", true],
    ] as const) {
      const { ssh } = await startStdioSshd((serve) => ({
        authorizedKeys: (line) => [`restrict,command="${serve(`--scopes ${scopes}`)}" ${line} alice@laptop`],
      }));
      const { stdout } = await ssh(["contract"]);
      expect(JSON.parse(stdout)).toMatchObject({ complete: expected, contract: { name: "conformance" } });
    }
  },
  STARTS_PROCESSES,
);
