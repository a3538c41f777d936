import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { onTestFinished } from "vitest";
import { freePort, makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";

/** The program to pass to `itWith`. sshd requires that it is started by an absolute path. */
export const SSHD = "/usr/sbin/sshd";

/** The user of every login: an unprivileged sshd can start programs only for its own user. */
export const USER = userInfo().username;

/** A stock sshd on a free port of loopback. */
export interface Sshd {
  readonly port: number;
  /** The directory of its files; tests may add more. */
  readonly directory: string;
  /** A key pair that is authorized, unless the lines of authorized_keys are given. */
  readonly key: ReturnType<typeof makeKey>;
  /** The file authorized_keys: sshd reads it at every attempt. */
  readonly authorizedKeys: string;
  /** A known_hosts file with its host key. */
  readonly knownHosts: string;
  readonly hostKey: ReturnType<typeof makeKey>;
  /** `ssh://user@127.0.0.1:port` */
  readonly address: string;
  /** Options that limit `ssh` to these files. */
  readonly options: readonly string[];
  readonly process: ChildProcess;
  /** Its log so far. */
  readonly log: () => string;
}

export interface SshdOptions {
  /** The program. Default: that of this system. */
  readonly program?: string;
  /** Lines of sshd_config, before those of the bench: sshd uses the first value of each keyword (sshd_config(5)). */
  readonly config?: readonly string[];
  /** Lines of authorized_keys, made from the public key `ssh-ed25519 AAAA…` of the bench. Default: that key alone. */
  readonly authorizedKeys?: (line: string, directory: string) => readonly string[];
  /** The directory of its files. Default: one that is removed after the test. */
  readonly directory?: string;
  /** Registers the function that stops it. Default: after the test. */
  readonly onEnd?: (end: () => Promise<void>) => void;
}

/** Milliseconds within which sshd must listen. */
const START = 30_000;

/** Starts a stock sshd, and stops it after the test. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  // A privileged sshd of Debian requires this folder, which only its service script creates.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const { directory = tempDir(), onEnd = onTestFinished } = options;
  const key = makeKey(directory, "user");
  const hostKey = makeKey(directory, "host");
  const lines = options.authorizedKeys?.(key.line, directory) ?? [key.line];
  const authorizedKeys = write(directory, "authorized_keys", `${lines.join("\n")}\n`);
  // Another program may take the port between the check and the start; then the next port is tried.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const config = [
      ...(options.config ?? []),
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey.file}`,
      `AuthorizedKeysFile ${authorizedKeys}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      "PermitRootLogin yes",
      "StrictModes no",
      "PidFile none",
      "PrintMotd no",
      "PrintLastLog no",
      // bash reads ~/.bashrc under sshd: that of the developer can take longer than a test, and print or wait.
      `SetEnv HOME=${directory}`,
      // Between ssh and sshd, the default takes ten times as long. Our client does not have it.
      "KexAlgorithms curve25519-sha256",
      "LogLevel VERBOSE",
    ];
    const file = write(directory, "sshd_config", `${config.join("\n")}\n`);
    const started = await start(options.program ?? SSHD, file, onEnd);
    if (started === undefined && attempt < 5) continue;
    if (started === undefined) throw new Error("sshd found no free port");
    const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${hostKey.line}\n`);
    return {
      port,
      directory,
      key,
      hostKey,
      authorizedKeys,
      knownHosts,
      address: `ssh://${USER}@127.0.0.1:${port}`,
      options: sshOptions({ knownHosts, identity: key.file, port }),
      ...started,
    };
  }
}

/** Options that limit `ssh` to the given files. */
export function sshOptions(use: { knownHosts: string; identity: string; port: number }): readonly string[] {
  return [
    ...["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"],
    ...["-o", `UserKnownHostsFile=${use.knownHosts}`, "-o", "GlobalKnownHostsFile=/dev/null"],
    ...["-o", "StrictHostKeyChecking=yes", "-i", use.identity, "-p", String(use.port)],
  ];
}

/** Undefined if it could not listen. */
async function start(
  program: string,
  config: string,
  onEnd: (end: () => Promise<void>) => void,
): Promise<Pick<Sshd, "process" | "log"> | undefined> {
  const child = spawn(program, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  let timer: NodeJS.Timeout | undefined;
  const listening = new Promise<boolean>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`sshd does not listen: ${log}`)), START);
    child.stderr.on("data", (chunk) => {
      log += chunk;
      if (/Server listening on/.test(log)) resolve(true);
    });
    child.once("error", reject).once("exit", () => {
      if (/Address already in use/.test(log)) resolve(false);
      else reject(new Error(`sshd exited: ${log}\n${readFileSync(config, "utf8")}`));
    });
  });
  listening.catch(() => child.kill("SIGKILL"));
  const isListening = await listening.finally(() => clearTimeout(timer));
  if (!isListening) return undefined;
  onEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  return { process: child, log: () => log };
}
