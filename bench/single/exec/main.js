// Commands through a stock ssh, compared with the same ssh to a stock sshd, interleaved in one run: the time of a small call over
// ControlMaster, and the rate of files in both directions. It needs ssh and sshd.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { median, quantile, table } from "../../measure.js";

const SSHRPC = fileURLToPath(new URL("../../../runtime/bin/sshrpc.js", import.meta.url));
const BYTES = Number(process.argv[2] ?? 1024) * 2 ** 20;
const ROUNDS = 3;
const CALLS = 60;

const directory = mkdtempSync(join(tmpdir(), "sshrpc-bench-"));
const [user, host] = [generateKeyPair(), generateKeyPair()];
for (const [name, text] of Object.entries({ user: user.privateKey, host: host.privateKey, keys: user.publicKey })) {
  writeFileSync(join(directory, name), `${text.trimEnd()}\n`, { mode: 0o600 });
}
const ours = await startOurs();
const sshd = await startSshd();
const servers = { sshrpc: options(ours.port), sshd: options(sshd.port) };
try {
  await calls();
  await files();
} finally {
  for (const server of Object.values(servers)) spawnSync("ssh", [...server, "-O", "exit"], { stdio: "ignore" });
  ours.child.kill();
  sshd.child.kill();
  rmSync(directory, { recursive: true });
}

/** Options for ssh, which shares one connection to this port. */
function options(port) {
  const known = join(directory, `known_${port}`);
  writeFileSync(known, `[127.0.0.1]:${port} ${host.publicKey}\n`);
  return [
    ...["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", join(directory, "user")],
    ...["-o", `UserKnownHostsFile=${known}`, "-o", `ControlPath=${join(directory, `control_${port}`)}`],
    ...["-p", String(port), `${userInfo().username}@127.0.0.1`],
  ];
}

async function startOurs() {
  const files = { "--host-key": join(directory, "host"), "--authorized-keys": join(directory, "keys") };
  const handlers = fileURLToPath(new URL("handlers.js", import.meta.url));
  const child = spawn(
    process.execPath,
    [SSHRPC, "serve", "--handlers", handlers, "--listen", "127.0.0.1", "--port", "0", ...Object.entries(files).flat()],
    { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, FILES: directory } },
  );
  const [text] = await once(child.stdout, "data");
  return { child, port: Number(/:(\d+)$/m.exec(text)[1]) };
}

async function startSshd() {
  // Debian's sshd requires this folder, which only its service script creates.
  if (process.getuid() === 0) mkdirSync("/run/sshd", { recursive: true });
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (free.address());
  free.close();
  const config = join(directory, "sshd_config");
  writeFileSync(
    config,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(directory, "host")}`,
      `AuthorizedKeysFile ${join(directory, "keys")}`,
      "StrictModes no",
      "UsePAM no",
      "PidFile none",
      "PermitRootLogin yes",
    ].join("\n"),
  );
  const child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  await new Promise((resolve) => {
    child.stderr.on("data", (text) => String(text).includes("listening") && resolve(undefined));
  });
  return { child, port };
}

async function calls() {
  for (const server of Object.values(servers)) {
    spawnSync("ssh", ["-o", "ControlMaster=yes", "-o", "ControlPersist=yes", ...server, "-fN"], { stdio: "ignore" });
  }
  const times = { "sshrpc GET /note": [], "sshd true": [] };
  for (let call = 0; call < CALLS; call++) {
    times["sshrpc GET /note"].push(await timed(servers.sshrpc, "GET /note", 1));
    times["sshd true"].push(await timed(servers.sshd, "true", 0));
  }
  const [a, b] = Object.values(times).map((list) => median(list));
  table(`a command over ControlMaster (median of ${CALLS}, interleaved)`, [
    ["", "ms", "p95"],
    ...Object.entries(times).map(([name, list]) => [name, median(list).toFixed(1), quantile(list, 0.95).toFixed(1)]),
    ["ratio", (a / b).toFixed(2), ""],
  ]);
}

async function timed(server, command, atLeast) {
  const start = performance.now();
  const child = spawn("ssh", [...server, command], { stdio: ["ignore", "pipe", "inherit"] });
  let size = 0;
  child.stdout.on("data", (chunk) => {
    size += chunk.length;
  });
  const [status] = await once(child, "close");
  if (status !== 0 || size < atLeast) throw new Error(`${command}: status ${status}, ${size} bytes`);
  return performance.now() - start;
}

async function files() {
  const source = join(directory, "source");
  writeFileSync(source, randomBytes(BYTES));
  const sum = checksum(source);
  const target = join(directory, "target");
  const commands = {
    down: { sshrpc: "GET /file", sshd: `cat ${source}` },
    up: { sshrpc: "STORE /file", sshd: `cat > ${target}` },
  };
  const rows = [];
  for (const [direction, command] of Object.entries(commands)) {
    const rates = { sshrpc: [], sshd: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ["sshrpc", "sshd"]) {
        const script = direction === "down" ? `ssh "$@" > ${target}` : `ssh "$@" < ${source}`;
        const start = performance.now();
        run(script, [...unshared(servers[name]), command[name]]);
        rates[name].push(BYTES / 1e3 / (performance.now() - start));
        if (checksum(target) !== sum) throw new Error(`${command[name]}: the copy differs`);
        rmSync(target);
      }
    }
    const ratios = rates.sshrpc.map((ours, round) => ours / rates.sshd[round]);
    rows.push([direction, ...Object.values(rates).map((list) => Math.round(median(list))), median(ratios).toFixed(2)]);
  }
  table(`a file of ${BYTES / 2 ** 20} MiB, in MB/s (median of ${ROUNDS} interleaved rounds; checksums equal)`, [
    ["", "sshrpc", "sshd", "ratio"],
    ...rows,
  ]);
}

/** Options for a connection of its own: a shared one would bring a second process into what is measured. */
function unshared(server) {
  return server.map((word) => (word.startsWith("ControlPath") ? "ControlPath=none" : word));
}

function run(script, words) {
  const { status } = spawnSync("sh", ["-c", script, "sh", ...words], { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${script} (${words.at(-1)}): status ${status}`);
}

function checksum(file) {
  return spawnSync("sha256sum", [file], { encoding: "utf8" }).stdout.split(" ")[0];
}
