import type { Duplex } from "node:stream";
import ssh2 from "ssh2";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, test } from "vitest";
import { until, within } from "../unit/runtime/support/wait.js";
import { connect } from "./generated/client.js";
import { defineHandlers } from "./generated/server.js";
import { conformanceHandlers, Waits } from "./handlers.js";

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** ssh2 never starts a rekey, and its client has no public method for it. */
function rekey(ssh: ssh2.Client): void {
  (ssh as unknown as { readonly _protocol: { rekey(): void } })._protocol.rekey();
}

test("streams in both directions survive rekeys in mid-stream, complete and in order", async () => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const server = await serveHandlers(defineHandlers(conformanceHandlers(new Waits())), {
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`${alice.publicKey} alice`] },
    log,
  });
  const ssh = new ssh2.Client();
  let keys = 0;
  const channel = await within(
    "the channel",
    new Promise<Duplex>((resolve, reject) => {
      ssh.on("error", reject);
      ssh.on("handshake", () => keys++);
      ssh.on("ready", () => ssh.subsys("sshrpc", (error, channel) => (error ? reject(error) : resolve(channel))));
      const { port } = server;
      ssh.connect({
        host: "127.0.0.1",
        port,
        username: "alice",
        privateKey: alice.privateKey,
        hostVerifier: () => true,
        algorithms: { kex: ["curve25519-sha256"] },
      });
    }),
  );
  try {
    const client = await connect({ address: "ssh2 by hand", open: async () => channel }, { reconnect: false });
    const sizes = Array.from({ length: 200 }, (_, index) => 1000 + ((index * 7919) % 20_000));
    const items = sizes.map((size) => ({ text: "x".repeat(size) }));
    const taken: number[] = [];
    const stream = client.run.update({ name: "rekey", echo: true }, items);
    const calls = [client.run.store({ name: "up" }, items)];
    for await (const { text } of stream) {
      taken.push(text.length);
      if (taken.length % 40 === 20) {
        rekey(ssh);
        calls.push(client.run.store({ name: `up ${taken.length}` }, items));
      }
    }
    expect(taken).toEqual(sizes);
    const bytes = sizes.reduce((total, size) => total + size, 0);
    for (const tally of await within("the others", Promise.all(calls))) expect(tally.bytes).toBe(bytes);
    await until("the rekeys", () => keys >= 3);
    await within("the client's end", client.close());
  } finally {
    ssh.end();
    await within("the server's end", server.close());
  }
});
