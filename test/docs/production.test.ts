import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { freePort } from "../unit/runtime/ssh/support.js";
import { Machine } from "./machine.js";
import { blocksOf } from "./pages.js";

const PAGE = "docs/production.md";
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Timeout in ms of a test that installs packages. */
const SLOW = 300_000;

/** The commands of the page, in their order. */
const STEPS = blocksOf(PAGE)
  .filter(({ language }) => language === "sh")
  .map(({ text }) => text);

const step = (beginning: string, nth = 0): string => {
  const found = STEPS.filter((text) => text.startsWith(beginning))[nth];
  if (found === undefined) throw new Error(`${PAGE} has no step that begins with ${beginning}`);
  return found;
};

const HANDLERS = `const any = () => true;
const method = { verb: "GET", kind: "unary", params: {}, idempotent: true, request: any, response: any };
export default {
  api: { name: "notes", version: process.env["VERSION"] ?? "1.0.0", hash: "00", methods: [
    { ...method, id: "GET /pid", path: "/pid", resource: "pid" },
    { ...method, id: "GET /notes", path: "/notes", resource: "notes", scope: "notes:read" } ] },
  handlers: new Map([["GET /pid", () => process.pid], ["GET /notes", () => []]]),
};
`;

/** A folder with the packed package of this repository. */
let packed: string;

beforeAll(() => {
  packed = mkdtempSync(join(tmpdir(), "sshrpc-production-"));
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", packed], {
    cwd: `${HERE}../../runtime`,
  });
}, SLOW);
afterAll(() => rmSync(packed, { recursive: true, force: true }));

/** A machine with a project in /root/project, as the page presumes it. */
async function machine(): Promise<Machine> {
  const copy = await Machine.start();
  const [tarball = ""] = readdirSync(packed);
  await copy.run(`mkdir -p /root/project && rm -rf /srv/sshrpc && cd /root/project`);
  const content = readFileSync(`${packed}/${tarball}`).toString("base64");
  for (let at = 0; at < content.length; at += 60_000)
    await copy.run(`printf %s ${content.slice(at, at + 60_000)} >> /sshrpc.b64`);
  await copy.run("base64 -d /sshrpc.b64 > /sshrpc.tgz && rm /sshrpc.b64");
  await copy.write("/root/project/dist/handlers.js", HANDLERS);
  const manifest = {
    name: "notes",
    version: "1.0.0",
    private: true,
    type: "module",
    dependencies: { sshrpc: "file:/sshrpc.tgz" },
  };
  await copy.write("/root/project/package.json", JSON.stringify(manifest));
  await run(copy, "npm install --package-lock-only --no-audit --no-fund --loglevel=error");
  return copy;
}

/** Runs commands that must succeed. */
async function run(copy: Machine, script: string): Promise<string> {
  const { output, status } = await copy.run(`set -e\n${script}\nset +e`);
  expect(status, `${script}\n${output}`).toBe(0);
  return output;
}

const testOnMachine = test.runIf(Machine.isPossible);

testOnMachine(
  "the steps lead to a service with keys and a monitor, which is updated without a refused connection",
  { timeout: SLOW },
  async () => {
    const copy = await machine();
    const port = await freePort();
    const inProject = (text: string): Promise<string> => run(copy, `(cd /root/project\n${text})`);
    const alice = generateKeyPair();
    const monitor = generateKeyPair();
    for (const [name, { privateKey, publicKey }] of Object.entries({ alice, monitor })) {
      await copy.write(`/root/${name}`, privateKey, "0600");
      await copy.write(`/root/${name}.pub`, `${publicKey} ${name}\n`);
    }
    await copy.write("/usr/local/bin/systemctl", readFileSync(`${HERE}service-manager.py`, "utf8"), "0755");
    onTestFinished(async () => {
      await copy.run("systemctl stop sshrpc; pkill -KILL -f '^[^ ]*python3 /usr/local/bin/systemctl manage$'");
    });
    await run(copy, `export PORT=${port}; hash -r`);
    await inProject(step("install -d /srv/sshrpc"));
    await inProject(step("cd /srv/sshrpc/node_modules/sshrpc/deploy"));
    await inProject(step("install -d /etc/sshrpc"));
    await inProject(step("systemctl daemon-reload"));
    const added = await inProject(step("cd /srv/sshrpc\nrunuser"));
    expect(added).toContain("authorized alice");
    expect(await run(copy, "ls -ld /var/lib/sshrpc /var/lib/sshrpc/authorized_keys")).toMatch(
      /^drwx------ .* sshrpc sshrpc .*\n-rw------- .* sshrpc sshrpc /,
    );
    const [, known = ""] = /known_hosts {2}(.*)/.exec(added) ?? [];
    await copy.write("/root/.ssh/known_hosts", `[127.0.0.1]:${port} ${known.split(" ").slice(1).join(" ")}\n`);
    const here = (text: string) => text.replaceAll("-p 8022", `-p ${port}`).replaceAll("@edge", "@127.0.0.1");
    expect(await run(copy, here(step("ssh -p 8022")))).toContain('{"status":"ok"');
    const ssh = `ssh -p ${port} -o BatchMode=yes -i /root/alice alice@127.0.0.1`;
    expect(await run(copy, `${ssh} GET /notes`)).toBe("[]\n");
    expect((await copy.run(`ssh -p ${port} -o BatchMode=yes -i /root/monitor m@127.0.0.1 GET /notes`)).status).toBe(4);
    const before = await run(copy, `${ssh} GET /pid`);
    // Connections that come while the server restarts.
    await run(
      copy,
      `(for i in $(seq 20); do ${ssh} GET /pid || echo refused; done) > /root/answers 2>&1 & echo $! > /root/loop`,
    );
    await inProject(step("cp -r package.json"));
    await run(copy, "while kill -0 $(cat /root/loop) 2>/dev/null; do sleep 0.1; done");
    const answers = (await run(copy, "cat /root/answers")).trim().split("\n");
    expect(answers).toHaveLength(20);
    expect(
      answers.every((line) => /^\d+$/.test(line)),
      answers.join(),
    ).toBe(true);
    expect(await run(copy, `${ssh} GET /pid`)).not.toBe(before);
    await run(copy, "systemctl reload sshrpc");
    expect(await run(copy, "cat /var/log/sshrpc/audit.log")).toContain('"method":"GET /pid"');
    expect(await run(copy, "logrotate --force /etc/logrotate.d/sshrpc && ls /var/log/sshrpc")).toContain("audit.log.1");
    expect(
      await run(copy, "systemd-analyze verify /etc/systemd/system/sshrpc.service /etc/systemd/system/sshrpc.socket"),
    ).toBe("");
  },
);

/** One instruction of the Dockerfile. */
interface Instruction {
  readonly name: string;
  readonly words: string;
}

function instructions(text: string): readonly Instruction[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = "", words = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return { name, words };
    });
}

testOnMachine(
  "the steps of the container lead to a server without root, on a read-only system, whose health check passes",
  { timeout: SLOW },
  async () => {
    const copy = await machine();
    const port = await freePort();
    // The packages of the host, for the commands that prepare the volumes.
    await run(copy, "cd /root/project && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error");
    await copy.write("/usr/local/bin/docker", "#!/bin/sh\nexit 0\n", "0755");
    await run(copy, `(cd /root/project\n${step("cp node_modules/sshrpc/deploy/container")})`);
    const dockerfile = await run(copy, "cat /root/project/Dockerfile");
    let directory = "/";
    let user = "0:0";
    const env: string[] = [];
    let check: readonly string[] = [];
    let entry: readonly string[] = [];
    let command: readonly string[] = [];
    for (const { name, words } of instructions(dockerfile)) {
      if (name === "WORKDIR") directory = words;
      else if (name === "COPY") {
        const [, from, files = ""] = /^(--from=\S+ )?(.*)$/.exec(words) ?? [];
        // Both stages are of this machine: what the first has made is where the second copies it to.
        const sources = files.split(" ").slice(0, -1).join(" ");
        if (from === undefined)
          await run(copy, `mkdir -p ${directory} && (cd /root/project && cp -r ${sources} ${directory}/)`);
      } else if (name === "RUN") await run(copy, `(cd ${directory} && ${words})`);
      else if (name === "ENV") env.push(...words.split(" "));
      else if (name === "USER") user = words;
      else if (name === "HEALTHCHECK") check = JSON.parse(words.slice(words.indexOf("[")));
      else if (name === "ENTRYPOINT") entry = JSON.parse(words);
      else if (name === "CMD") command = JSON.parse(words);
      else expect(["FROM", "EXPOSE", "VOLUME", "STOPSIGNAL"]).toContain(name);
    }
    expect(user).toBe("8022:8022");
    const quote = (words: readonly string[]) =>
      words.map((word) => `'${word.replace("127.0.0.1:8022", `127.0.0.1:${port}`)}'`).join(" ");
    const [uid, gid] = user.split(":");
    const as = `setpriv --reuid ${uid} --regid ${gid} --clear-groups --inh-caps=-all --no-new-privs env -i PATH="$PATH" ${quote([...env, `SSHRPC_PORT=${port}`, "SSHRPC_GRACE=20s", "SSHRPC_AUDIT=/logs/audit.log"])}`;
    await run(
      copy,
      `mount --bind /root/project/keys /keys && mount -o remount,bind,ro /keys && mount --bind /root/project/logs /logs
sed -i "s/:8022/:${port}/" /root/project/keys/known_hosts
mkdir -p /shown && mount -t tmpfs none /tmp && mount -t tmpfs none /shown
mount -o remount,bind,ro /
! touch /app/new 2>/dev/null`,
    );
    await run(
      copy,
      `cd ${directory}; ${as} ${quote([...entry, ...command])} > /shown/server 2>&1 & echo $! > /shown/pid`,
    );
    onTestFinished(async () => void (await copy.run("kill -KILL $(cat /shown/pid)")));
    const { output } = await copy.run(
      `for i in $(seq 100); do grep -q "the server listens" /shown/server && break; sleep 0.1; done; cat /shown/server`,
    );
    expect(output).toContain('"the server listens"');
    expect(await run(copy, `${as} ${quote(check)}`)).toContain('"status":"ok"');
    expect(await run(copy, "cat /logs/audit.log")).toContain("GET /sshrpc/health");
    await run(copy, "kill -TERM $(cat /shown/pid); while kill -0 $(cat /shown/pid) 2>/dev/null; do sleep 0.1; done");
    expect((await copy.run(`${as} ${quote(check)}`)).status).not.toBe(0);
  },
);
