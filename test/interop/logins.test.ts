import { appendFileSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { copyKey, readFixture, takeKey } from "../fixtures/keys.js";
import { type Bench, type BenchOptions, startBench } from "../unit/runtime/ssh/support.js";
import { type Outcome, run } from "./run.js";
import { itWith, PYTHON } from "./stock.js";

/** Authenticates with a stock client and a key file, and sends `input` to the subsystem. Resolves with the output. */
type Login = (bench: Bench, file: string, input: string) => Promise<Outcome>;

const ssh: Login = (bench, file, input) =>
  run(
    "ssh",
    [
      ...["-F", "none", "-T", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"],
      ...["-o", `UserKnownHostsFile=${bench.knownHosts}`, "-o", "StrictHostKeyChecking=yes", "-i", file],
      ...["-p", String(bench.listener.port), "alice@127.0.0.1", "-s", "sshrpc"],
    ],
    input,
  );

const plink: Login = async (bench, file, input) => {
  await run("puttygen", [file, "-O", "private", "-o", `${file}.ppk`]);
  const host = ["-hostkey", bench.listener.fingerprints[0] as string, "-P", String(bench.listener.port)];
  return run(
    "plink",
    ["-ssh", "-batch", "-noagent", "-T", ...host, "-i", `${file}.ppk`, "-s", "alice@127.0.0.1", "sshrpc"],
    input,
  );
};

const dbclient: Login = async (bench, file, input) => {
  await run("dropbearconvert", ["openssh", "dropbear", file, `${file}.db`]);
  const port = ["-p", String(bench.listener.port)];
  return run("dbclient", ["-T", "-y", "-y", "-i", `${file}.db`, ...port, "-s", "alice@127.0.0.1", "sshrpc"], input, {
    HOME: bench.directory,
  });
};

const ASYNCSSH = `
import asyncio, asyncssh, sys
async def main(port, key, known):
    async with asyncssh.connect("127.0.0.1", int(port), username="alice", client_keys=[key], known_hosts=known,
                                agent_path=None, config=None) as connection:
        process = await connection.create_process(subsystem="sshrpc", encoding=None)
        process.stdin.write(sys.stdin.buffer.read())
        process.stdin.write_eof()
        sys.stdout.buffer.write(await process.stdout.read())
asyncio.run(main(*sys.argv[1:]))
`;

const asyncssh: Login = (bench, file, input) =>
  run(PYTHON, ["-W", "ignore", "-c", ASYNCSSH, String(bench.listener.port), file, bench.knownHosts], input);

const PARAMIKO = `
import paramiko, sys
port, key, known = sys.argv[1:]
client = paramiko.SSHClient()
client.load_host_keys(known)
client.connect("127.0.0.1", int(port), username="alice", key_filename=key, allow_agent=False, look_for_keys=False)
channel = client.get_transport().open_session()
channel.invoke_subsystem("sshrpc")
channel.sendall(sys.stdin.buffer.read())
channel.shutdown_write()
while data := channel.recv(65536):
    sys.stdout.buffer.write(data)
client.close()
`;

const paramiko: Login = (bench, file, input) =>
  run(PYTHON, ["-W", "ignore", "-c", PARAMIKO, String(bench.listener.port), file, bench.knownHosts], input);

const CLIENTS: readonly (readonly [string, readonly string[], Login])[] = [
  ["ssh", ["ssh"], ssh],
  ["plink", ["plink", "puttygen"], plink],
  ["dbclient", ["dbclient", "dropbearconvert"], dbclient],
  ["asyncssh", ["python3-asyncssh"], asyncssh],
  ["paramiko", ["python3-paramiko"], paramiko],
];

for (const [name, programs, login] of CLIENTS.filter(([name]) => name === "asyncssh" || name === "paramiko")) {
  // asyncssh 2.10 offers ssh-rsa-cert-v01@openssh.com, which uses SHA-1.
  for (const type of name === "asyncssh" ? ["ed25519", "ecdsa-256"] : ["ed25519", "ecdsa-256", "rsa-2048"]) {
    itWith(programs, `${name} authenticates with a certificate of ${type}`, async () => {
      const bench = await startBench({ certificateAuthorities: { lines: [readFixture("user-ca.pub")] } });
      const { stdout, stderr } = await login(bench, copyKey(`user-${type}`), "hello");
      expect(stdout, stderr).toBe("hello");
      expect(bench.accepted[0]?.peer.certificate?.keyId).toBe("laptop");
    });
  }
}

const PASSWORDS: BenchOptions = {
  verifyPassword: ({ password }) => (password === "open sesame" ? { scopes: ["*"] } : undefined),
};

itWith(["plink"], "plink authenticates with a password, by keyboard-interactive", async () => {
  const bench = await startBench(PASSWORDS);
  const host = ["-hostkey", bench.listener.fingerprints[0] as string, "-P", String(bench.listener.port)];
  const args = ["-ssh", "-batch", "-noagent", "-T", "-pw", "open sesame", ...host, "-s", "alice@127.0.0.1", "sshrpc"];
  const { stdout, stderr } = await run("plink", args, "hello");
  expect(stdout, stderr).toBe("hello");
  expect(bench.accepted[0]?.peer.authMethods).toEqual(["keyboard-interactive"]);
});

itWith(["dbclient"], "dbclient authenticates with a password", async () => {
  const bench = await startBench({ ...PASSWORDS, keyboardInteractive: false });
  const args = ["-T", "-y", "-y", "-p", String(bench.listener.port), "-s", "alice@127.0.0.1", "sshrpc"];
  const env = { HOME: bench.directory, DROPBEAR_PASSWORD: "open sesame" };
  const { stdout, stderr } = await run("dbclient", args, "hello", env);
  expect(stdout, stderr).toBe("hello");
  expect(bench.accepted[0]?.peer.authMethods).toEqual(["password"]);
});

for (const [name, programs, login] of CLIENTS) {
  for (const type of ["ed25519", "rsa-3072", "ecdsa-256", "ecdsa-384", "ecdsa-521"] as const) {
    itWith(programs, `${name} authenticates with a key of type ${type}`, async () => {
      const bench = await startBench();
      const key = takeKey(type);
      appendFileSync(bench.authorizedKeys, readFileSync(`${key}.pub`));
      const { stdout, stderr } = await login(bench, key, "hello through the subsystem\n");
      expect(stdout, stderr).toBe("hello through the subsystem\n");
      expect(bench.accepted[0]?.peer).toMatchObject({ user: "alice", authMethods: ["publickey"] });
    });
  }

  itWith(programs, `${name} is rejected with a key that is not listed`, async () => {
    const bench = await startBench();
    const { stdout, status } = await login(bench, takeKey("ed25519"), "hello");
    expect(stdout).toBe("");
    expect(status).not.toBe(0);
    expect(bench.accepted).toEqual([]);
    expect(bench.log.with("authentication refused")[0]?.fields["reason"]).toBe("the key is not listed");
  });
}
