import { appendFileSync, readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { takeKey } from "../fixtures/keys.js";
import { readBytes, startBench, tempDir, write } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { open } from "./client.js";
import { run } from "./run.js";
import { start } from "./served.js";
import { SSHD, sshOptions, startSshd } from "./sshd.js";
import { itWith } from "./stock.js";

/** Host keys of every type, made by ssh-keygen; that of RSA is a fixture: it would take seconds. */
async function makeHostKeys(types: readonly (readonly [type: string, bits: string])[]) {
  const directory = tempDir();
  const files: string[] = [];
  for (const [type, bits] of types) {
    if (type === "rsa") files.push(takeKey("rsa-3072"));
    else {
      const file = `${directory}/${type}_${bits}`;
      await run("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-C", "", "-f", file]);
      files.push(file);
    }
  }
  return {
    files,
    lines: files.map((file) => readFileSync(`${file}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ")),
  };
}

const TYPES = [
  ["ed25519", "256"],
  ["ecdsa", "256"],
  ["ecdsa", "384"],
  ["ecdsa", "521"],
  ["rsa", "3072"],
] as const;

describe("a server with host keys of every type", () => {
  itWith(["ssh", "ssh-keygen"], "proves each of them to ssh, with RSA signatures of SHA-2 only", async () => {
    const { files, lines } = await makeHostKeys(TYPES);
    const { listener, alice, directory } = await startBench({ hostKeys: files });
    expect(listener.hostKeys).toEqual(lines);
    const { port } = listener;
    const knownHosts = write(directory, "all", lines.map((line) => `[127.0.0.1]:${port} ${line}\n`).join(""));
    const login = (algorithm: string) => {
      const options = sshOptions({ knownHosts, identity: alice.file, port });
      const host = ["-o", `HostKeyAlgorithms=${algorithm}`, "alice@127.0.0.1", "-s", "sshrpc"];
      return run("ssh", ["-v", ...options, ...host], "hello");
    };
    const algorithms = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
    for (const algorithm of [...algorithms, "rsa-sha2-512", "rsa-sha2-256"]) {
      const { stdout, stderr } = await login(algorithm);
      expect(stdout, stderr).toBe("hello");
      expect(stderr).toContain(`kex: host key algorithm: ${algorithm}`);
    }
    const { stderr } = await login("ssh-rsa");
    const [, offer = ""] = /no matching host key type found. Their offer: (\S+)/.exec(stderr) ?? [];
    expect(offer.split(",").sort(), stderr).toEqual([...algorithms, "rsa-sha2-512", "rsa-sha2-256"].sort());
  });

  itWith(
    ["ssh", "ssh-keygen"],
    "is learned by ssh with UpdateHostKeys from a client that knows one of them",
    async () => {
      for (const known of [0, 4]) {
        const { files, lines } = await makeHostKeys(TYPES);
        const { listener, alice, directory } = await startBench({ hostKeys: files });
        const { port } = listener;
        const knownHosts = write(directory, "one", `[127.0.0.1]:${port} ${lines[known]}\n`);
        const options = sshOptions({ knownHosts, identity: alice.file, port });
        const update = ["-v", "-o", "UpdateHostKeys=yes", "alice@127.0.0.1", "-s", "sshrpc"];
        const client = start("ssh", [...update.slice(0, 3), ...options, ...update.slice(3)]);
        const learned = () => readFileSync(knownHosts, "utf8").trim().split("\n");
        await until("the other keys", () => learned().length === lines.length);
        client.process.stdin?.end();
        expect(await client.ended).toBe(0);
        expect(learned().sort()).toEqual(lines.map((line) => `[127.0.0.1]:${port} ${line}`).sort());
      }
    },
  );
});

itWith(
  ["ssh", "ssh-keygen"],
  "a forwarding that is requested before the host keys are proved is answered first",
  async () => {
    const { files, lines } = await makeHostKeys(TYPES.slice(0, 2));
    let allow = (): void => {};
    const allowed = new Promise<true>((resolve) => {
      allow = () => resolve(true);
    });
    const forwarding = { permitListen: () => allowed };
    const { listener, alice, directory } = await startBench({ hostKeys: files, forwarding });
    const { port } = listener;
    const knownHosts = write(directory, "one", `[127.0.0.1]:${port} ${lines[0]}\n`);
    const options = sshOptions({ knownHosts, identity: alice.file, port });
    const client = start("ssh", [
      ...["-vvv", "-o", "UpdateHostKeys=yes", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9", ...options],
      ...["alice@127.0.0.1", "-s", "sshrpc"],
    ]);
    const learned = () => readFileSync(knownHosts, "utf8").trim().split("\n");
    // It requests the forwarding first, and then the proof, and the server has both requests before it sends the echo.
    await until("the request for proof", () => client.stderr().includes("asking server to prove ownership"));
    client.process.stdin?.write("hello");
    await until("the echo", () => `${client.stdout()}` === "hello");
    expect(learned()).toHaveLength(1);
    allow();
    await until("the other key", () => learned().length === 2);
    client.process.stdin?.end();
    expect(await client.ended, client.stderr()).toBe(0);
    expect(client.stderr()).toMatch(/Allocated port \d{5} for remote forward/);
  },
);

describe("our client with updateHostKeys", () => {
  const knownLines = (file: string) => readFileSync(file, "utf8").trim().split("\n").sort();

  itWith(["ssh-keygen"], "learns the other host keys of a server that it knows, and nothing by default", async () => {
    for (const known of [0, 4]) {
      const { files, lines } = await makeHostKeys(TYPES);
      const bench = await startBench({ hostKeys: files });
      const name = `[127.0.0.1]:${bench.listener.port}`;
      const knownHosts = write(bench.directory, "one", `${name} ${lines[known]}\n`);
      const silent = await bench.dial({ knownHosts });
      const echo = readBytes(silent, 2);
      silent.write("hi");
      await echo;
      expect(knownLines(knownHosts)).toHaveLength(1);
      await bench.dial({ knownHosts, updateHostKeys: true });
      await until("the other keys", () => knownLines(knownHosts).length === lines.length);
      expect(knownLines(knownHosts)).toEqual(lines.map((line) => `${name} ${line}`).sort());
      // Each of them is trusted from now on.
      for (const file of files) {
        const next = await startBench({ hostKeys: file });
        const renamed = write(next.directory, "known", readFileSync(knownHosts, "utf8").replaceAll(name, "edge"));
        await next.dial({ knownHosts: renamed, hostKeyAlias: "edge" });
      }
    }
  });

  itWith([SSHD, "ssh-keygen"], "learns the other host keys of sshd, but no revoked one", async () => {
    const { files, lines } = await makeHostKeys([TYPES[1], TYPES[4]]);
    const config = [...files.map((file) => `HostKey ${file}`), "Subsystem sshrpc /bin/cat"];
    const sshd = await startSshd({ config });
    const name = `[127.0.0.1]:${sshd.port}`;
    appendFileSync(sshd.knownHosts, `@revoked * ${lines[1]?.split(" ").slice(0, 2).join(" ")}\n`);
    const before = knownLines(sshd.knownHosts);
    await open(sshd.address, { identity: sshd.key.file, knownHosts: sshd.knownHosts, updateHostKeys: true });
    await until("the other key", () => knownLines(sshd.knownHosts).length > before.length);
    expect(knownLines(sshd.knownHosts)).toEqual([...before, `${name} ${lines[0]}`].sort());
  });
});
