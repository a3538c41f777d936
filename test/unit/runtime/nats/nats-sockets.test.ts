import { connectApi } from "sshrpc/generated";
import { connectNats, type NatsSocketsOptions, natsSock, natsSockets } from "sshrpc/nats";
import { expect, onTestFinished, test } from "vitest";
import type { SocketSource } from "../../../../runtime/src/ssh/server/socket-source.js";
import { CONTENT, serveNotesOverSsh } from "../../../interop/served.js";
import { describeWithNats, startNats, type TestNats } from "../../../support/nats.js";
import { NOTES } from "../adapters/notes-server.js";
import { makeKey, tempDir, write } from "../ssh/support.js";
import { failure } from "../support/wait.js";

interface NotesClient extends AsyncDisposable {
  readonly note: { get(request: { id: number }): Promise<{ readonly id: number }> };
  readonly sum: { store(request: object, items: Iterable<number>): Promise<number> };
  readonly chat: { update(request: object, lines: Iterable<{ text: string }>): AsyncIterable<{ text: string }> };
  readonly files: { get(request: { name: string }): AsyncIterable<Uint8Array> };
}

async function connected(nats: TestNats) {
  const connection = await connectNats({ servers: nats.url });
  onTestFinished(() => connection.close());
  return connection;
}

/** A server of notes without a port, and what a client needs to reach it. */
async function serving(nats: TestNats, options: NatsSocketsOptions = {}) {
  const sockets: SocketSource = natsSockets(await connected(nats), "store-1", options);
  const served = await serveNotesOverSsh({ sockets });
  const knownHosts = write(served.directory, "known", `store-1 ${served.hostKey.line}\n`);
  const bus = await connected(nats);
  const dial = async (other: { identity?: string; knownHosts?: string } = {}) => {
    const sock = natsSock(bus, "store-1");
    const files = { identity: served.key.file, knownHosts, ...other };
    const client = await connectApi(NOTES, "ssh://alice@store-1:22", {
      sock,
      agent: false,
      sshConfig: false,
      ...files,
    });
    onTestFinished(() => client[Symbol.asyncDispose]());
    return client as unknown as NotesClient;
  };
  return { served, dial };
}

describeWithNats("a server without a port, reached over NATS", () => {
  test("serves calls of all kinds", async () => {
    const { dial } = await serving(await startNats());
    const client = await dial();
    expect(await client.note.get({ id: 42 })).toEqual({ id: 42, text: "hi" });
    expect(await failure(client.note.get({ id: 7 }))).toMatchObject({ status: "NOT_FOUND", details: { id: 7 } });
    expect(await client.sum.store({}, [1, 2, 3])).toBe(6);
    const said: string[] = [];
    for await (const { text } of client.chat.update({}, [{ text: "a" }, { text: "b" }])) said.push(text);
    expect(said).toEqual(["A", "B"]);
    let size = 0;
    for await (const chunk of client.files.get({ name: "a" })) size += chunk.length;
    expect(size).toBe(CONTENT.length);
  });

  test("proves its host key, and refuses a key that is not listed", async () => {
    const { dial, served } = await serving(await startNats());
    const stranger = makeKey(tempDir(), "stranger");
    const foreign = write(served.directory, "foreign", `store-1 ${stranger.line}\n`);
    expect(await failure(dial({ knownHosts: foreign }))).toMatchObject({ status: "UNAUTHENTICATED" });
    expect(await failure(dial({ identity: stranger.file }))).toMatchObject({ status: "UNAUTHENTICATED" });
  });

  test("is unavailable under another name, and beyond the most links", async () => {
    const nats = await startNats();
    const bus = await connected(nats);
    await expect(natsSock(bus, "store-2")()).rejects.toThrow('no link over NATS to "store-2": ');
    const { dial } = await serving(nats, { maxLinks: 1 });
    await dial();
    expect((await failure<Error>(dial())).message).toContain("1 links are open (maxLinks)");
    expect(() => natsSock(bus, "a.*")).toThrow("the name of a server on NATS");
  });

  test("is reached again after NATS was away", async () => {
    const nats = await startNats();
    const { dial } = await serving(nats);
    const client = await dial();
    await nats.stop();
    await nats.start();
    const id = () =>
      client.note.get({ id: 1 }).then(
        (note) => note.id,
        (error: Error) => error.message,
      );
    await expect.poll(id, { timeout: 10_000 }).toBe(1);
  });
});
