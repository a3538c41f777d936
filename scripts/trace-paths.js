// The paths that `npm run measure` follows: which files of the compiled runtime run, and how many calls of their functions there
// are, while one thing happens. V8 counts them (`Profiler.takePreciseCoverage`).
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const DIST = new URL("../runtime/dist/", import.meta.url).href;
const run = promisify(execFile);

const anything = () => true;
const handlers = { note: { get: ({ id }) => ({ id, text: "hi" }) } };
const api = {
  name: "trace",
  version: "1.0.0",
  hash: "trace",
  methods: [
    {
      id: "GET /notes/{id}",
      resource: "note",
      verb: "GET",
      path: "/notes/{id}",
      kind: "unary",
      params: { id: "integer" },
      idempotent: true,
      request: anything,
      response: anything,
    },
  ],
};

/** Follows a unary call in memory, a command over a shared connection of stock ssh, and a login. */
export async function tracePaths() {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  const { bindHandlers, connectApi, serveApi } = await import(`${DIST}generated.js`);
  const { generateKeyPair, inMemory } = await import(`${DIST}testing.js`);
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });

  /** Counts while `action` runs. */
  const trace = async (measure, target, action) => {
    await session.post("Profiler.takePreciseCoverage");
    await action();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const rows = result
      .filter(({ url }) => url.startsWith(DIST))
      .map(({ url, functions }) => ({
        file: url.slice(DIST.length),
        calls: functions
          .filter(({ functionName, ranges }) => functionName !== "" || ranges[0].startOffset > 0)
          .reduce((sum, { ranges }) => sum + ranges[0].count, 0),
      }))
      .filter(({ calls }) => calls > 0);
    const list = rows.map(({ file, calls }) => `${String(calls).padStart(4)} ${file}`);
    return { measure, target, files: rows.length, calls: rows.reduce((sum, { calls }) => sum + calls, 0), list };
  };

  const results = [];
  const client = await connectApi(api, inMemory(bindHandlers(api, handlers)));
  const call = () => client.note.get({ id: 1 });
  for (let at = 0; at < 100; at++) await call();
  results.push(await trace("files (calls) of a unary call, both ends, in memory", "<= 24", call));
  await client.close();

  const room = mkdtempSync(join(tmpdir(), "sshrpc-"));
  const key = join(room, "id_ed25519");
  const { privateKey, publicKey } = generateKeyPair();
  writeFileSync(key, privateKey, { mode: 0o600 });
  const server = await serveApi(api, handlers, {
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [publicKey] },
    log: false,
  });
  try {
    const known = join(room, "known_hosts");
    writeFileSync(known, server.hostKeys.map((line) => `[127.0.0.1]:${server.port} ${line}\n`).join(""));
    const connect = async () => {
      const options = { identity: key, knownHosts: known, sshConfig: false, agent: false };
      const remote = await connectApi(api, `ssh://me@127.0.0.1:${server.port}`, options);
      await remote.note.get({ id: 1 });
      await remote.close();
    };
    const args = [
      "-F",
      "none",
      "-i",
      key,
      "-o",
      `UserKnownHostsFile=${known}`,
      "-o",
      "LogLevel=ERROR",
      "-S",
      join(room, "s"),
      "-p",
      String(server.port),
      "me@127.0.0.1",
    ];
    const command = () => run("ssh", [...args, "GET", "/notes/1"], { timeout: 20_000 });
    try {
      await run("ssh", ["-M", "-o", "ControlPersist=60", ...args, "GET", "/notes/1"], { timeout: 20_000 });
      await command();
      results.push(await trace("files (calls) of `ssh host GET /notes/1`, server side", "<= 45", command));
      await run("ssh", ["-O", "exit", ...args], { timeout: 20_000 });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT") throw error;
      console.error("the program ssh is missing: no row for a command");
    }
    await connect();
    results.push(await trace("files (calls) of a login, one call and its end, both ends", "<= 80", connect));
  } finally {
    await server.close();
    rmSync(room, { recursive: true });
    session.disconnect();
  }
  return results;
}
