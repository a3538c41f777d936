import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until, within } from "../../unit/runtime/support/wait.js";
import { LineWriter } from "../history/lines.js";
import { type Cut, Link } from "./link.js";

/** A client and a server that are connected through a link. */
async function connected() {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-link-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const link = await Link.open("link", () => port, new LineWriter(join(directory, "faults.jsonl")));
  const client = connect({ port: link.port, host: "127.0.0.1", allowHalfOpen: true });
  const [peer] = (await within("the connection", once(server, "connection"))) as [Socket];
  onTestFinished(async () => {
    for (const socket of [client, peer]) socket.destroy();
    await link.close();
    server.close();
  });
  return { link, client: watch(client), peer: watch(peer) };
}

function watch(socket: Socket) {
  const seen = { socket, text: "", ended: false, error: "" };
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    seen.text += chunk;
  });
  socket.on("end", () => {
    seen.ended = true;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    seen.error = error.code ?? "";
  });
  return seen;
}

async function cutBy(cut: Cut) {
  const ends = await connected();
  ends.client.socket.write("up");
  ends.peer.socket.write("down");
  await until("both texts", () => ends.peer.text === "up" && ends.client.text === "down");
  ends.link.cut(cut);
  return ends;
}

test("a reset ends both sides with an error", async () => {
  const { client, peer } = await cutBy({ how: "reset" });
  await until("both errors", () => client.error === "ECONNRESET" && peer.error === "ECONNRESET");
});

test("an end ends both sides in order", async () => {
  const { client, peer } = await cutBy({ how: "end" });
  await until("both ends", () => client.ended && peer.ended);
  expect([client.error, peer.error]).toEqual(["", ""]);
});

test("a cut after some bytes lets exactly these pass in its direction", async () => {
  const { client, peer } = await cutBy({ how: "after", bytes: 3, direction: "up" });
  peer.socket.write("all");
  await until("the other direction", () => client.text === "downall");
  client.socket.write("12345");
  await until("both ends", () => client.error !== "" && (peer.error !== "" || peer.ended));
  expect(peer.text).toBe("up123");
});

test("a mute link drops one direction, carries the other, and is reset in the end", async () => {
  const { client, peer } = await cutBy({ how: "mute", ms: 300, direction: "down" });
  client.socket.write("heard");
  peer.socket.write("lost");
  await until("the request", () => peer.text === "upheard");
  await until("the reset", () => client.error === "ECONNRESET");
  expect(client.text).toBe("down");
});
