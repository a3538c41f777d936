import { once } from "node:events";
import { writeFileSync } from "node:fs";
import ssh2 from "ssh2";
import { expect, onTestFinished, test } from "vitest";
import { string, uint32 } from "../../../../faults/guard/support.js";
import { within } from "../../support/wait.js";
import { type BenchOptions, startBench } from "../support.js";

interface Handlers {
  DISCONNECT: (self: unknown, code: number, text: string) => void;
}

/** How ssh2 sends a packet. */
interface RawProtocol {
  readonly _packetRW: {
    readonly write: { alloc(size: number): Buffer; readonly allocStart: number; finalize(packet: Buffer): Buffer };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
}

/** A client, and a function that resolves with the text of DISCONNECT; to be called after `connect`. */
function observed() {
  const client = new ssh2.Client();
  onTestFinished(() => void client.destroy());
  client.on("error", () => {});
  const text = (): Promise<string> => {
    const { _handlers } = (client as unknown as { _protocol: { _handlers: Handlers } })._protocol;
    return new Promise((resolve) => {
      _handlers.DISCONNECT = (_, _code, description) => resolve(description);
    });
  };
  return { client, text };
}

/** Connects with a password; resolves with the text of DISCONNECT. */
async function connect(options: BenchOptions, password: string) {
  const bench = await startBench({
    verifyPassword: ({ password: given }) => (given === "right" ? { scopes: [] } : undefined),
    authFailureDelay: 1,
    ...options,
  });
  const { client, text } = observed();
  const ready = once(client, "ready");
  ready.catch(() => {});
  client.connect({ host: "127.0.0.1", port: bench.listener.port, username: "alice", password });
  return { bench, client, ready, text: text() };
}

test("a server that closes says so to its clients", async () => {
  const { bench, ready, text } = await connect({}, "right");
  await ready;
  await bench.listener.close();
  expect(await within("the text", text)).toBe("the server is closing");
});

test("a client that fails to authenticate too often learns how often it failed", async () => {
  const { text } = await connect({ maxAuthTries: 1 }, "wrong");
  expect(await within("the text", text)).toBe("1 failed authentication attempts");
});

test("a client learns why the server ends its connection before and after its login", async () => {
  const late = await connect({ loginGrace: 400, authFailureDelay: 60_000 }, "wrong");
  expect(await within("the text", late.text)).toBe("not authenticated within 400 ms (loginGrace)");
  const hostile = await connect({ maxRefusals: 1 }, "right");
  const { client } = hostile;
  await hostile.ready;
  for (let count = 0; count < 3; count++) client.subsys("unknown", () => undefined);
  expect(await within("the text", hostile.text)).toBe("more than 1 requests refused (maxRefusals)");
});

test("a client whose key is removed learns that its access is revoked, without the reason", async () => {
  const bench = await startBench();
  const { client, text } = observed();
  const ready = once(client, "ready");
  client.connect({
    host: "127.0.0.1",
    port: bench.listener.port,
    username: "alice",
    privateKey: bench.alice.privateKey,
  });
  const revoked = text();
  await ready;
  writeFileSync(bench.authorizedKeys, "");
  expect(await within("the text", revoked)).toBe("access revoked");
});

test.each([
  ["has no more authentication methods", true, "no more authentication methods to try"],
  ["refuses its host key", false, "key exchange failed"],
])("a server learns that our client %s", async (_, isKnown, expected) => {
  const bench = await startBench();
  const { privateKey } = isKnown ? bench.hostKey : bench.alice;
  const texts: string[] = [];
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    connection.on("error", () => {}).on("authentication", (context) => context.reject(["publickey"]));
    const { _handlers } = (connection as unknown as { _protocol: { _handlers: Handlers } })._protocol;
    const { DISCONNECT } = _handlers;
    _handlers.DISCONNECT = (self, code, text) => {
      texts.push(text);
      DISCONNECT(self, code, text);
    };
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  await expect(bench.dialThrough(port)).rejects.toThrow(/./);
  await expect.poll(() => texts).toEqual([expected]);
});

test.each([
  ["in its words", "out of memory", "the client disconnected: out of memory"],
  ["by its code, without words", "", "the client disconnected: code 12"],
])("the log has the reason of a client that disconnects %s", async (_, description, reason) => {
  const { bench, client, ready } = await connect({}, "right");
  await ready;
  const payload = Buffer.concat([Buffer.of(1), uint32(12), string(description), string("")]);
  const { _protocol } = client as unknown as { _protocol: RawProtocol };
  const packet = _protocol._packetRW.write.alloc(payload.length);
  payload.copy(packet, _protocol._packetRW.write.allocStart);
  _protocol._cipher.encrypt(_protocol._packetRW.write.finalize(packet));
  const reasons = () => bench.log.with("SSH connection closed").map(({ fields }) => fields["reason"]);
  await expect.poll(reasons).toEqual([reason]);
});
