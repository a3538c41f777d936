// The programs ssh and sshd, with keys and configuration in a folder of their own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { generateKeyPair } from "sshrpc/testing";

const SSHD = "/usr/sbin/sshd";

/** A folder with a host key, a key of a user, and the list that authorizes it; removed at the exit of the process. */
export function makeKeys({ options = "" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "sshrpc-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [user, host] = [generateKeyPair(), generateKeyPair()];
  const files = { user: user.privateKey, host: host.privateKey, keys: `${options}${user.publicKey}` };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), `${text.trimEnd()}\n`, { mode: 0o600 });
  return { folder, hostKey: host.publicKey };
}

/** The arguments of ssh for a server with these keys, which listens on this port. */
export function sshArguments({ folder, hostKey, port }) {
  const known = join(folder, "known_hosts");
  writeFileSync(known, `[127.0.0.1]:${port} ${hostKey}\n`);
  const options = ["BatchMode=yes", "IdentitiesOnly=yes", "LogLevel=ERROR", `UserKnownHostsFile=${known}`];
  return [
    ...["-F", "none", "-T", "-i", join(folder, "user"), ...options.flatMap((option) => ["-o", option])],
    ...["-p", String(port), `${userInfo().username}@127.0.0.1`],
  ];
}

/** Starts sshd, until this process exits. */
export async function startSshd() {
  // Debian's sshd requires this folder, which only its service script creates.
  if (process.getuid() === 0) mkdirSync("/run/sshd", { recursive: true });
  const { folder, hostKey } = makeKeys();
  const port = await freePort();
  const config = join(folder, "sshd_config");
  const lines = [
    ...[`Port ${port}`, "ListenAddress 127.0.0.1", `HostKey ${join(folder, "host")}`, "PidFile none", "UsePAM no"],
    ...[`AuthorizedKeysFile ${join(folder, "keys")}`, "StrictModes no", "PermitRootLogin yes", "MaxStartups 100"],
  ];
  writeFileSync(config, lines.join("\n"));
  const child = spawn(SSHD, ["-D", "-f", config], { stdio: "ignore" });
  process.once("exit", () => child.kill());
  await untilListening(port);
  return { folder, hostKey, port };
}

/** Runs ssh with a shell in front of it, for redirections of its input or output. */
export async function ssh(server, command, redirection = "> /dev/null") {
  const words = ["-c", `exec ssh "$@" ${redirection}`, "sh", ...sshArguments(server), command];
  const child = spawn("sh", words, { stdio: ["ignore", "ignore", "inherit"] });
  const [status] = await once(child, "exit");
  if (status !== 0) throw new Error(`ssh ${command}: status ${status}`);
}

/** A port that is free at the moment. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  return port;
}

/** Resolves when a program listens on the port. */
export async function untilListening(port) {
  for (let attempt = 0; attempt < 500; attempt++) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no program listens on port ${port}`);
}
