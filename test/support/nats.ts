import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { within } from "../unit/runtime/support/wait.js";

/** Debian's server of NATS; undefined where it is not installed. */
const PROGRAM = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"]
  .map((folder) => join(folder, "nats-server"))
  .find((file) => existsSync(file));

/** A group of tests that need NATS: skipped by name where it is not installed, except in CI. */
export function describeWithNats(title: string, tests: () => void): void {
  if (PROGRAM !== undefined || process.env["CI"] === "true") describe(title, tests);
  else describe.skip(`${title} (not installed: nats-server)`, tests);
}

/** How a NATS server is started. */
interface NatsSetup {
  /** Lines of its configuration. */
  readonly config?: readonly string[];
}

/** A NATS server on loopback, with a store of its own. It ends with the test. */
export interface TestNats {
  /** Where it listens; the same after a restart. */
  readonly url: string;
  readonly port: number;
  /** Its process, for signals; another one after a restart. */
  readonly process: () => ChildProcess;
  /** Kills it, at once. */
  stop(): Promise<void>;
  /** Starts it again after {@link stop}, with the same port and store. */
  start(): Promise<void>;
}

/** Starts a NATS server with JetStream on a free port. */
export async function startNats({ config = [] }: NatsSetup = {}): Promise<TestNats> {
  if (PROGRAM === undefined) throw new Error("nats-server is not installed");
  const folder = await mkdtemp(join(tmpdir(), "sshrpc-nats-"));
  const file = join(folder, "nats.conf");
  const store = [`jetstream { store_dir: "${folder}/store" }`, "max_payload: 1MB", ...config];
  await writeFile(file, store.join("\n"));
  let child: ChildProcess | undefined;
  let port = -1;
  const start = async (): Promise<void> => {
    const flags = ["-a", "127.0.0.1", "-p", `${port}`, "-c", file];
    const started = spawn(PROGRAM, flags, { stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    let output = "";
    await within(
      "nats-server",
      new Promise<void>((resolve, reject) => {
        started.once("error", reject);
        started.once("exit", () => reject(new Error(`nats-server ended: ${output}`)));
        started.stderr?.on("data", (chunk) => {
          output += chunk;
          if (output.includes("Server is ready")) resolve();
        });
      }),
    );
    port = Number(/client connections on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  };
  onTestFinished(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });
  await start();
  return { url: `nats://127.0.0.1:${port}`, port, process: () => child as ChildProcess, stop, start };
}
