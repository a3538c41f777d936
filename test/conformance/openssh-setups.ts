import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { generateKeyPair } from "sshrpc/testing";
import { afterAll, beforeAll } from "vitest";
import type { Transport } from "../../runtime/src/base/transport.js";
import { serveHandlers } from "../../runtime/src/compose/serve.js";
import { sshTransport } from "../../runtime/src/compose/ssh-transport.js";
import { opensshTransport } from "../../runtime/src/openssh/openssh-transport.js";
import type { ApiServerOptions } from "../../runtime/src/server/api-server-options.js";
import { type Sshd, startSshd, USER } from "../interop/sshd.js";
import { bundle } from "../support/bundle.js";
import { makeKey } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { defineHandlers } from "./generated/server.js";
import { conformanceHandlers, Waits } from "./handlers.js";
import { ReplayedWaits } from "./journal.js";
import { type Setup, type Start, watch } from "./setups.js";

const SERVER = fileURLToPath(new URL("./stdio-server.ts", import.meta.url));
const run = promisify(execFile);

/** A stock sshd whose subsystem is a server of this suite, and the transports to it. */
export class StockSshd {
  readonly #directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
  /** The server as one file of JavaScript: each session starts one. */
  readonly #server = join(this.#directory, "server.mjs");
  readonly #command = `exec ${process.execPath} ${this.#server}`;
  readonly #ends: (() => unknown)[] = [];
  #sshd: Sshd | undefined;
  #count = 0;

  /** Starts sshd before the tests of the enclosing suite, and stops it after them. */
  use(): void {
    beforeAll(() => this.#start());
    afterAll(() => this.#end());
  }

  async #start(): Promise<void> {
    await bundle(SERVER, this.#server);
    this.#sshd = await startSshd({
      directory: this.#directory,
      onEnd: (end) => this.#ends.unshift(end),
      config: ["AcceptEnv SSHRPC_TEST", `Subsystem sshrpc ${this.#command}`, "MaxSessions 100", "MaxStartups 100"],
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
      appendFileSync(authorizedKeys, `restrict,command="${this.#command} ${directory}" ${line}\n`);
      return sshTransport(address, { identity: file, hostKey: hostKey.publicKey.fingerprint });
    });

  async #setup(options: ApiServerOptions = {}, connect: (directory: string, sshd: Sshd) => Transport): Promise<Setup> {
    const directory = join(this.#directory, String(++this.#count));
    mkdirSync(directory);
    writeFileSync(join(directory, "options.json"), JSON.stringify(options));
    const waits = new ReplayedWaits(join(directory, "journal"));
    const { transport, duplexes } = watch(connect(directory, this.#sshd as Sshd));
    return { transport, duplexes, waits, user: USER, close: () => this.#endProcesses(waits) };
  }

  /** Stops the servers by signal, as a service manager does. The id of a server that was killed may have been reused. */
  async #endProcesses(waits: ReplayedWaits): Promise<void> {
    if (waits.processes.length === 0) return;
    const { stdout } = await run("ps", ["-o", "pid=,command=", "-p", waits.processes.join()]).catch(() => ({
      stdout: "",
    }));
    const running = stdout.split("\n").filter((line) => line.includes(this.#server));
    const pids = running.map((line) => Number.parseInt(line, 10));
    for (const pid of pids) signal(pid, "SIGTERM");
    await until("the servers' ends", () => !pids.some((pid) => signal(pid, 0)));
  }
}

/** Whether a process runs; 0 only asks. */
function signal(pid: number, name: "SIGTERM" | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

async function quit(args: readonly string[]): Promise<void> {
  await run("ssh", ["-F", "none", "-O", "exit", ...args]);
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
