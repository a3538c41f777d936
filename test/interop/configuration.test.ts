import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { tempDir, write } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";
import { SSHD, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith } from "./stock.js";

const STOCK = ["ssh", SSHD];

/** Timeout in ms for tests that start many processes. */
const SLOW = 60_000;

/** What a caller may try to set: more scopes, other code, and to avoid the audit log. */
const HOSTILE = {
  SSHRPC_SCOPES: "*",
  SSHRPC_FORCED: "false",
  SSHRPC_AUDIT: "/dev/null",
  SSHRPC_LOG: "/dev/null",
  SSHRPC_HANDLERS: "evil.mjs",
  SSHRPC_CONFIG: "evil.json",
  SSHRPC_EXEC: "false",
};

/** The caller's home: a config file, and handlers that leave a trace where they are loaded. */
function makeHome(): string {
  const home = tempDir();
  write(home, "evil.mjs", 'import { writeFileSync } from "node:fs"; writeFileSync("loaded", "");');
  for (const name of ["sshrpc.config.json", "evil.json"])
    write(home, name, JSON.stringify({ serve: { scopes: ["*"], handlers: "evil.mjs" } }));
  return home;
}

itWith(
  STOCK,
  "variables and a config file of the caller set nothing under sshd that accepts SSHRPC_* from clients and keys",
  async () => {
    const home = makeHome();
    const sshd = await startStdioSshd((serve) => ({
      config: ["AcceptEnv SSHRPC_*", "PermitUserEnvironment yes", "Subsystem sshrpc sshrpc"],
      authorizedKeys: (line) => [
        `environment="SSHRPC_SCOPES=*",command="cd ${home} && env > env && ${serve("")}" ${line}`,
      ],
    }));
    const set = Object.entries(HOSTILE).map(([name, value]) => `${name}=${value}`);
    const call = ["-o", `SetEnv=${set.join(" ")}`, `${USER}@127.0.0.1`, "GET", "/secret"];
    expect(await run("ssh", [...sshd.options, ...call])).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("missing scope secret:read"),
    });
    expect(readFileSync(join(home, "env"), "utf8").split("\n")).toEqual(expect.arrayContaining(set));
    expect(existsSync(join(home, "loaded"))).toBe(false);
  },
  SLOW,
);

itWith(
  STOCK,
  "a config file that the command line names sets scopes and the audit log under sshd",
  async () => {
    const home = tempDir();
    const file = write(home, "server.json", JSON.stringify({ serve: { scopes: ["secret:read"], audit: "audit.log" } }));
    const sshd = await startStdioSshd((serve) => ({
      config: ["AcceptEnv SSHRPC_*", "Subsystem sshrpc sshrpc"],
      authorizedKeys: (line) => [`restrict,command="${serve(`--config ${file}`)}" ${line}`],
    }));
    const set = "SetEnv=SSHRPC_SCOPES=none SSHRPC_AUDIT=/dev/null";
    const called = await run("ssh", [...sshd.options, "-o", set, `${USER}@127.0.0.1`, "GET", "/secret"]);
    expect(called).toMatchObject({ status: 0, stdout: '"42"\n' });
    expect(readFileSync(join(home, "audit.log"), "utf8")).toContain('"method":"GET /secret"');
  },
  SLOW,
);
