import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { afterAll, beforeAll } from "vitest";
import type { Transport } from "../../runtime/src/base/transport.js";
import { serveHandlers } from "../../runtime/src/compose/serve.js";
import { sshTransport } from "../../runtime/src/compose/ssh-transport.js";
import { opensshTransport } from "../../runtime/src/openssh/openssh-transport.js";
import type { ApiServerOptions } from "../../runtime/src/server/api-server-options.js";
import { type Sshd, startSshd, USER } from "../interop/sshd.js";
import { makeKey } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { defineHandlers } from "./generated/server.js";
import { conformanceHandlers, Waits } from "./handlers.js";
import { ReplayedWaits } from "./journal.js";
import { type Setup, type Start, watch } from "./setups.js";

const JITI = join(dirname(createRequire(import.meta.url).resolve("jiti/package.json")), "lib/jiti-cli.mjs");
const SERVER = fileURLToPath(new URL("./stdio-server.ts", import.meta.url));
const COMMAND = `exec ${process.execPath} ${JITI} ${SERVER}`;

/** A stock sshd whose subsystem is a server of this suite, and the transports to it. */
export class StockSshd {
  readonly #directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
  readonly #ends: (() => unknown)[] = [];
  #sshd: Sshd | undefined;
  #count = 0;

  /** Starts sshd before the tests of the enclosing suite, and stops it after them. */
  use(): void {
    beforeAll(() => this.#start());
    afterAll(() => this.#end());
  }

  async #start(): Promise<void> {
    this.#sshd = await startSshd({
      directory: this.#directory,
      onEnd: (end) => this.#ends.unshift(end),
      config: ["AcceptEnv SSHRPC_TEST", `Subsystem sshrpc ${COMMAND}`, "MaxSessions 100", "MaxStartups 100"],
    });
  }

  async #end(): Promise<void> {
    for (const end of this.#ends) await end();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** The `ssh` program, with one shared connection (`ControlMaster`). */
  readonly overOpenssh: Start = (options) =>
    this.#setup(options, (directory, { address, key, knownHosts }) => {
      const control = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", `ControlPath=${this.#directory}/m`];
      if (this.#count === 1) this.#ends.unshift(() => quit([...control, address]));
      const args = [...control, "-o", "SendEnv=SSHRPC_TEST"];
      const use = { identity: key.file, knownHosts, sshConfig: false, agent: false, args } as const;
      const { open } = opensshTransport(address, use);
      // ssh starts before `open` returns. Each session of a shared connection has its own environment.
      return {
        address,
        open: (signal) => {
          process.env["SSHRPC_TEST"] = directory;
          return open(signal);
        },
      };
    });

  /** The built-in SSH client; the server is the forced command of its key. */
  readonly overSsh2: Start = (options) =>
    this.#setup(options, (directory, { address, authorizedKeys, hostKey }) => {
      const { file, line } = makeKey(directory, "alice");
      appendFileSync(authorizedKeys, `restrict,command="${COMMAND} ${directory}" ${line}\n`);
      return sshTransport(address, { identity: file, hostKey: hostKey.publicKey.fingerprint });
    });

  async #setup(options: ApiServerOptions = {}, connect: (directory: string, sshd: Sshd) => Transport): Promise<Setup> {
    const directory = join(this.#directory, String(++this.#count));
    mkdirSync(directory);
    writeFileSync(join(directory, "options.json"), JSON.stringify(options));
    const waits = new ReplayedWaits(join(directory, "journal"));
    const { transport, duplexes } = watch(connect(directory, this.#sshd as Sshd));
    return { transport, duplexes, waits, user: USER, close: () => endProcesses(waits) };
  }
}

/** Stops the servers by signal, as a service manager does. */
async function endProcesses(waits: ReplayedWaits): Promise<void> {
  for (const pid of waits.processes.filter(isServer)) process.kill(pid, "SIGTERM");
  await until("the servers' ends", () => !waits.processes.some(isServer));
}

/** Whether the process runs and is a server of this suite: its id may have been reused. */
function isServer(pid: number): boolean {
  return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout.includes(SERVER);
}

function quit(args: readonly string[]): void {
  execFileSync("ssh", ["-F", "none", "-O", "exit", ...args], { stdio: "ignore" });
}

/** Our own SSH server, over the `ssh` program. */
export const ownOverOpenssh: Start = async (options = {}) => {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
  const waits = new Waits();
  const [host, alice] = [generateKeyPair(), makeKey(directory, "alice")];
  const server = await serveHandlers(defineHandlers(conformanceHandlers(waits)), {
    ...options,
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`scopes="items:*" ${alice.line} alice`] },
    log: false,
  });
  const knownHosts = join(directory, "known_hosts");
  writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
  const { transport, duplexes } = watch(
    opensshTransport(`ssh://alice@127.0.0.1:${server.port}`, {
      identity: alice.file,
      knownHosts,
      sshConfig: false,
      agent: false,
    }),
  );
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { transport, duplexes, waits, close };
};
