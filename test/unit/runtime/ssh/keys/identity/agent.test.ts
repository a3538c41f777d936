import { createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { string, uint32 } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import { Agent } from "../../../../../../runtime/src/ssh/keys/identity/agent.js";
import { failure, tempDir } from "../../support.js";

/** An agent that calls `onSocket` for each connection; resolves with its socket. */
async function startAgent(onSocket: (socket: Socket) => void): Promise<string> {
  const path = `${tempDir()}/agent`;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

/** An agent with one answer to all requests. */
const answering = (answer: Buffer) => startAgent((socket) => void socket.once("data", () => socket.write(answer)));

const never = new AbortController().signal;
const KEY = Buffer.from("a key");

it("lists keys and signs, with answers in any chunks", async () => {
  const list = string(
    Buffer.concat([Buffer.of(12), uint32(2), string("one"), string("me"), string("two"), string("")]),
  );
  const path = await startAgent((socket) =>
    socket.once("data", async () => {
      for (const byte of list) {
        socket.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }),
  );
  expect((await new Agent(path, never).list()).map(({ blob, comment }) => [`${blob}`, comment])).toEqual([
    ["one", "me"],
    ["two", ""],
  ]);
  const signature = Buffer.concat([string("rsa-sha2-512"), string("signature")]);
  let asked = Buffer.alloc(0);
  const signer = await startAgent((socket) =>
    socket.once("data", (request) => {
      asked = request;
      socket.write(string(Buffer.concat([Buffer.of(14), string(signature)])));
    }),
  );
  const made = await new Agent(signer, never).sign(KEY, Buffer.from("data"), "rsa-sha2-512");
  expect(made.equals(signature)).toBe(true);
  expect(asked.subarray(4)).toEqual(Buffer.concat([Buffer.of(13), string(KEY), string("data"), uint32(4)]));
});

it.each([
  ["refuses", string(Buffer.of(5)), /^the agent at \S+ refused the request$/],
  ["sends an empty answer", uint32(0), /sent an answer of 0 bytes; the maximum is 262144$/],
  ["announces too much", uint32(1e9), /sent an answer of 1000000000 bytes; the maximum is 262144$/],
  ["announces a byte too many", uint32(256 * 1024 + 1), /sent an answer of 262145 bytes; the maximum is 262144$/],
  [
    "lists a key too many",
    string(Buffer.concat([Buffer.of(12), uint32(2049)])),
    /sent an invalid answer: 2049 keys; the maximum is 2048$/,
  ],
  ["sends a truncated list", string(Buffer.concat([Buffer.of(12), uint32(9)])), /sent an invalid answer: truncated/],
  [
    "lists too many keys",
    string(Buffer.concat([Buffer.of(12), uint32(2 ** 31)])),
    /sent an invalid answer: 2147483648 keys; the maximum is 2048$/,
  ],
])("rejects an agent that %s", async (_what, answer, message) => {
  const path = await answering(answer);
  const agent = new Agent(path, AbortSignal.timeout(10_000));
  expect((await failure(agent.list())).message).toMatch(message);
});

it("rejects a signature with SHA-1 in place of the requested algorithm", async () => {
  const signature = Buffer.concat([string("ssh-rsa\u001b[2J"), string("signature")]);
  const path = await answering(string(Buffer.concat([Buffer.of(14), string(signature)])));
  const { message } = await failure(new Agent(path, never).sign(KEY, KEY, "rsa-sha2-256"));
  expect(message).toMatch(/signed with ssh-rsa\\u\{1b\}\[2J in place of rsa-sha2-256$/);
});

it("fails for an agent that is missing or disconnects, and after an abort", async () => {
  expect((await failure(new Agent("/nowhere/agent", never).list())).message).toMatch(
    /^the agent at \/nowhere\/agent does not answer: .*ENOENT/,
  );
  const closing = await startAgent((socket) => void socket.destroy());
  expect((await failure(new Agent(closing, never).list())).message).toMatch(
    /closed the connection without an answer|EPIPE|ECONNRESET/,
  );
  const silent = await startAgent(() => {});
  const controller = new AbortController();
  const asked = failure(new Agent(silent, controller.signal).sign(KEY, KEY, "ssh-ed25519"));
  controller.abort();
  expect((await asked).message).toMatch(/does not answer$/);
  expect((await failure(new Agent(silent, controller.signal).list())).message).toMatch(/does not answer$/);
});
