import { spawn, spawnSync } from "node:child_process";
import type { Duplex } from "node:stream";
import { expect, onTestFinished } from "vitest";
import { sshTransport } from "../../runtime/src/compose/ssh-transport.js";
import type { DialOptions } from "../../runtime/src/ssh/client/dial-options.js";
import { readBytes, tempDir } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";

/** A duplex with what its connection has negotiated. */
type SshDuplex = Duplex & { readonly algorithms?: { readonly kex: string } };

/** A server's subsystem that echoes its input. */
export const ECHO = "Subsystem sshrpc /bin/cat";

/** Opens a duplex of our client to the subsystem, by default without an agent and a configuration file. The caller closes it. */
export async function dial(address: string, options: DialOptions, signal?: AbortSignal): Promise<Duplex> {
  return sshTransport(address, { agent: false, sshConfig: false, ...options }).open(signal);
}

/** Like {@link dial}; the duplex is closed after the test. */
export async function open(address: string, options: DialOptions, signal?: AbortSignal): Promise<SshDuplex> {
  const duplex = (await dial(address, options, signal)).on("error", () => {});
  onTestFinished(() => void duplex.destroy());
  return duplex as SshDuplex;
}

/** Opens a duplex, and expects its bytes echoed. */
export async function reaches(address: string, options: DialOptions, size = 100_000): Promise<void> {
  const duplex = await open(address, options);
  const sent = Buffer.alloc(size, "what goes out comes back; ");
  const back = readBytes(duplex, size);
  duplex.write(sent);
  expect((await back).equals(sent)).toBe(true);
  duplex.destroy();
}

/** Signs the public key of a file with `ssh-keygen -s` and these arguments, and puts the certificate beside it. */
export async function certify(authority: string, file: string, ...args: readonly string[]): Promise<void> {
  const { status, stderr } = await run("ssh-keygen", ["-q", "-s", authority, ...args, `${file}.pub`]);
  if (status !== 0) throw new Error(stderr);
}

/** A stock agent with these keys; it is stopped after the test. */
export async function startAgent(...files: string[]): Promise<string> {
  const socket = `${tempDir()}/agent`;
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  onTestFinished(() => void agent.kill());
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  await expect.poll(() => spawnSync("ssh-add", ["-l"], { env }).status).toBe(1);
  for (const file of files) {
    const { status, stderr } = spawnSync("ssh-add", ["-q", file], { env, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }
  return socket;
}
