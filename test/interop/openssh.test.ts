import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { takeKey } from "../fixtures/keys.js";
import { sshrpc } from "../unit/runtime/cli/run.js";
import { type Bench, failure, makeKey, startBench, tempDir } from "../unit/runtime/ssh/support.js";
import { itWith } from "./stock.js";

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program until it exits; 45 seconds at most. */
function run(program: string, args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { timeout: 45_000, env: { ...process.env, ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** The stock client, with the files of the bench only. */
function ssh(bench: Bench, options: readonly string[], rest: readonly string[], input = "", key = bench.alice.file) {
  const args = ["-F", "none", "-T", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"];
  args.push("-o", `UserKnownHostsFile=${bench.knownHosts}`, "-o", "StrictHostKeyChecking=yes", "-i", key);
  return run("ssh", [...args, "-p", String(bench.listener.port), ...options, "alice@127.0.0.1", ...rest], input);
}

itWith(["ssh"], "ssh -s reaches the subsystem, and exits with status 0", async () => {
  const bench = await startBench();
  const input = "a line of text\n".repeat(50_000);
  const { stdout, stderr, status } = await ssh(bench, ["-s"], ["sshrpc"], input);
  expect(stderr).toBe("");
  expect(stdout === input).toBe(true);
  expect(status).toBe(0);
  expect(bench.accepted[0]?.peer.keyName).toBe("alice@laptop");
});

itWith(
  ["ssh"],
  "ssh is denied a command, a shell, another subsystem and forwarding, and the server keeps running",
  async () => {
    const bench = await startBench();
    expect(await ssh(bench, [], ["id"])).toMatchObject({
      stdout: "",
      stderr: expect.stringMatching(/exec request failed/),
    });
    expect(await ssh(bench, [], [])).toMatchObject({
      stdout: "",
      stderr: expect.stringMatching(/shell request failed/),
    });
    expect((await ssh(bench, ["-s"], ["sftp"])).stderr).toMatch(/subsystem request failed/);
    expect((await ssh(bench, ["-W", "127.0.0.1:22"], [])).stderr).toMatch(/administratively prohibited/);
    expect((await ssh(bench, ["-s"], ["sshrpc"], "still here")).stdout).toBe("still here");
  },
);

itWith(
  ["ssh"],
  "ssh negotiates AES-GCM instead of its slower preference, unless the server's options choose a cipher",
  async () => {
    const bench = await startBench();
    const fast = await ssh(bench, ["-v", "-s"], ["sshrpc"], "x");
    expect(fast).toMatchObject({ status: 0, stdout: "x" });
    expect(fast.stderr).toMatch(/server->client cipher: aes(128|256)-gcm@openssh\.com/);
    const refused = await ssh(bench, ["-c", "aes128-ctr", "-s"], ["sshrpc"], "x");
    expect(refused.stderr).toMatch(
      /no matching cipher found\. Their offer: aes256-gcm@openssh\.com,aes128-gcm@openssh\.com/,
    );
    const chosen = await startBench({ algorithms: { cipher: ["aes128-ctr", "aes256-gcm@openssh.com"] } });
    const slow = await ssh(chosen, ["-v", "-s"], ["sshrpc"], "x");
    expect(slow.stderr).toContain("server->client cipher: aes128-ctr");
  },
);

itWith(["ssh"], "ssh with an unlisted key is rejected", async () => {
  const bench = await startBench();
  const mallory = makeKey(bench.directory, "mallory");
  const { stderr, status } = await ssh(bench, ["-s"], ["sshrpc"], "", mallory.file);
  expect(stderr).toMatch(/Permission denied \(publickey\)/);
  expect(status).toBe(255);
});

itWith(["ssh"], "ssh authenticates with RSA and each ECDSA curve", async () => {
  const bench = await startBench();
  for (const type of ["rsa-2048", "ecdsa-256", "ecdsa-384", "ecdsa-521"] as const) {
    const file = takeKey(type);
    appendFileSync(bench.authorizedKeys, readFileSync(`${file}.pub`));
    expect(await ssh(bench, ["-s"], ["sshrpc"], file, file)).toMatchObject({ stdout: file, status: 0 });
    // Our own client logs in with the same file.
    await bench.dial({ identity: file });
  }
});

itWith(["ssh-keyscan"], "ssh-keyscan prints the known_hosts line of the host", async () => {
  const bench = await startBench();
  const { stdout } = await run("ssh-keyscan", ["-p", String(bench.listener.port), "127.0.0.1"]);
  const lines = stdout.split("\n").filter((line) => line && !line.startsWith("#"));
  expect(lines).toEqual([`[127.0.0.1]:${bench.listener.port} ${bench.listener.hostKeys[0]}`]);
});

itWith(["ssh-keygen"], "ssh-keygen reads a generated host key, and prints the same fingerprint", async () => {
  const { stdout } = await sshrpc(["keys", "init", "--home", `${tempDir()}/home`]);
  const [, file = ""] = /^host key +(.*)$/m.exec(stdout) ?? [];
  const [, fingerprint = ""] = /^fingerprint +(SHA256:.*)$/m.exec(stdout) ?? [];
  const [type, base64] = readFileSync(`${file}.pub`, "utf8").split(" ");
  expect((await run("ssh-keygen", ["-y", "-f", file])).stdout).toContain(`${type} ${base64}`);
  expect((await run("ssh-keygen", ["-lf", `${file}.pub`])).stdout).toMatch(`256 ${fingerprint} sshrpc host key`);
});

itWith(["ssh-keygen"], "the command in the message for a changed host key fixes known_hosts", async () => {
  const bench = await startBench();
  const name = `[127.0.0.1]:${bench.listener.port}`;
  const knownHosts = `${bench.directory}/changed`;
  appendFileSync(knownHosts, `${name} ${makeKey(bench.directory, "old").line}\n`);
  const { message } = await failure(bench.dial({ knownHosts }));
  const [, command = "", line = ""] = /with `(.*?)` and add the line: (.*)$/.exec(message) ?? [];
  expect((await run("sh", ["-c", command])).status).toBe(0);
  appendFileSync(knownHosts, `${line}\n`);
  await bench.dial({ knownHosts });
});

itWith(["ssh-agent", "ssh-add"], "the agent's keys log in, including RSA", async () => {
  const bench = await startBench();
  const directory = tempDir();
  const socket = `${directory}/agent`;
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  try {
    await expect
      .poll(() => spawnSync("ssh-add", ["-l"], { env: { ...process.env, SSH_AUTH_SOCK: socket } }).status)
      .toBe(1);
    const rsa = takeKey("rsa-2048");
    const add = (file: string) => run("ssh-add", ["-q", file], "", { SSH_AUTH_SOCK: socket });
    const home = process.env["HOME"];
    process.env["HOME"] = directory;
    try {
      const asAgent = { agent: socket, knownHosts: bench.knownHosts };
      await add(rsa);
      const refused = await failure(bench.dialWithAgent(asAgent));
      expect(refused.message).toMatch(/accepts none of these keys: SHA256:\S+ \(agent, /);
      appendFileSync(bench.authorizedKeys, readFileSync(`${rsa}.pub`));
      await bench.dialWithAgent(asAgent);
      await add(bench.alice.file);
      await bench.dialWithAgent(asAgent);
    } finally {
      process.env["HOME"] = home;
    }
  } finally {
    agent.kill();
  }
});
