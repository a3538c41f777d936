import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { connectSsh } from "sshrpc/client";
import { expect, onTestFinished } from "vitest";
import { makeKey, startBench, tempDir, write } from "../unit/runtime/ssh/support.js";
import { within } from "../unit/runtime/support/wait.js";
import { startAsyncssh } from "./asyncssh-server.js";
import { run } from "./run.js";
import { itWith, PYTHON } from "./stock.js";

/** asyncssh still sends data after its own KEXINIT, which RFC 4253, section 7.1, forbids. */
const STOCK = ["python3-asyncssh"];

const MIB = 1024 * 1024;
const CONTENT = randomBytes(8 * MIB);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Writes a file to several channels of one connection at once, and prints the hash of the output of each. */
const CLIENT = `
import asyncio, asyncssh, hashlib, sys
async def echo(connection, content):
    process = await connection.create_process(subsystem="sshrpc", encoding=None)
    reading = asyncio.ensure_future(process.stdout.read())
    process.stdin.write(content)
    process.stdin.write_eof()
    print(hashlib.sha256(await reading).hexdigest())
async def main(port, key, known, file, rekey_bytes, channels):
    content = open(file, "rb").read()
    async with asyncssh.connect("127.0.0.1", int(port), username="alice", client_keys=[key], known_hosts=known,
                                agent_path=None, config=None, rekey_bytes=int(rekey_bytes)) as connection:
        await asyncio.gather(*(echo(connection, content) for _ in range(int(channels))))
asyncio.run(main(*sys.argv[1:]))
`;

interface Case {
  readonly clientRekeyBytes: number;
  readonly serverRekeyBytes: number;
  readonly channels: number;
}

async function echoThroughServer({ clientRekeyBytes, serverRekeyBytes, channels }: Case) {
  const { directory, listener, alice, knownHosts, log } = await startBench({ rekeyBytes: serverRekeyBytes });
  const file = write(directory, "content", CONTENT);
  const args = [listener.port, alice.file, knownHosts, file, clientRekeyBytes, channels].map(String);
  const { stdout, stderr } = await run(PYTHON, ["-W", "ignore", "-c", CLIENT, ...args]);
  const reasons = log.with("SSH connection closed").map(({ fields }) => fields["reason"]);
  expect(stdout.trim().split("\n"), `${stderr} ${reasons}`).toEqual(Array(channels).fill(sha256(CONTENT)));
  return log.with("new keys").length;
}

itWith(STOCK, "an asyncssh client that rekeys every MiB uploads 8 MiB and receives them back complete", async () => {
  const keys = await echoThroughServer({ clientRekeyBytes: MIB, serverRekeyBytes: 1024 * MIB, channels: 1 });
  expect(keys).toBeGreaterThanOrEqual(2);
});

itWith(
  STOCK,
  "an asyncssh client that rekeys every 256 KiB uploads complete content in four channels at once",
  async () => {
    const keys = await echoThroughServer({ clientRekeyBytes: 256 * 1024, serverRekeyBytes: MIB, channels: 4 });
    expect(keys).toBeGreaterThanOrEqual(2);
  },
);

async function startServer(rekeyBytes: number) {
  const key = makeKey(tempDir(), "alice");
  return { key, server: await startAsyncssh({ key: key.line, rekeyBytes }) };
}

itWith(
  STOCK,
  "an asyncssh server that rekeys every MiB receives 8 MiB of our client and sends them back complete",
  async () => {
    const { key, server } = await startServer(MIB);
    const options = { identity: key.file, knownHosts: server.knownHosts, agent: false, sshConfig: false } as const;
    const ssh = await connectSsh(server.address, options);
    onTestFinished(() => ssh.close());
    for (let round = 0; round < 5; round++) {
      const command = await ssh.exec("echo");
      const received = buffer(command);
      command.end(CONTENT);
      expect(sha256(await within("the content", received))).toBe(sha256(CONTENT));
    }
  },
);
