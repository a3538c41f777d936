import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, styleText } from "node:util";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { connect } from "../generated/client.js";

/**
 * `npm run demo`: a server on a free port of this machine, with temporary keys and files, and a typed call to every resource. It
 * also shows errors as a program sees them.
 */
const folder = mkdtempSync(join(tmpdir(), "sshrpc-demo-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.env["FILES"] = folder;
process.env["WEBLOG"] = join(folder, "access.log");
const request =
  '192.0.2.7 - - [31/Jan/2026:12:00:00 +0100] "GET /index.html HTTP/1.1" 200 512 "https://example.org/" "-"';
writeFileSync(process.env["WEBLOG"], `${request}\n`);
// Imported after the environment is set, because it reads it.
const { default: handlers } = await import("./server.js");

const hostKey = generateKeyPair();
const alice = generateKeyPair();

await using server = await serveHandlers(handlers, {
  port: 0,
  hostKeys: { privateKey: hostKey.privateKey },
  authorizedKeys: { lines: [`scopes="notes:*,files:*" ${alice.publicKey} alice@demo`] },
  log: false,
});

heading(`The server listens on ${server.host}:${server.port}`);
say("host key", server.fingerprints[0]);

await using client = await connect(`ssh://alice@${server.host}:${server.port}`, {
  identity: { privateKey: alice.privateKey },
  hostKey: server.fingerprints,
});
say("connected", "the host key matches the pinned one, and alice's key is authenticated");

heading("A typed call to every resource");
say('hello.get({ name: "Ada" })', await client.hello.get({ name: "Ada" }));
say("echo.get({ value: … })", await client.echo.get({ value: { deep: [1, 2, { text: "ünïcödé ☺" }] } }));
say("time.get()", await client.time.get());
say('notes.store({ text: "Buy milk" })', await client.notes.store({ text: "Buy milk", tags: ["home"] }));
say('note.store({ id: 42, text: "…" })', await client.note.store({ id: 42, text: "The answer" }));
say("note.get({ id: 42 })", await client.note.get({ id: 42 }));
say("note.update({ id: 42, … })", await client.note.update({ id: 42, text: "The question", revision: 1 }));
say("notes.get({ limit: 10 })", await client.notes.get({ limit: 10 }));
say("note.delete({ id: 42 })", await client.note.delete({ id: 42 }));

heading("Streams: from the server, from the client, and in both directions");
for await (const hit of client.weblog.get({ follow: true })) {
  say("weblog.get({ follow: true })", hit);
  break;
}
const chunks = [Buffer.from("any bytes, "), Buffer.alloc(1_000_000)];
say('files.store({ name: "file" }, chunks)', await client.files.store({ name: "file" }, chunks));
const content = client.files.get({ name: "file" });
let bytes = 0;
for await (const chunk of content) bytes += chunk.length;
say('files.get({ name: "file" })', `${bytes} bytes; the server reports ${inspect(await content.response)}`);
for await (const { from, text } of client.chat.update({}, [{ text: "Hello, everybody!" }])) {
  say("chat.update({}, lines)", from === undefined ? text : `${from}: ${text}`);
}

heading("An invalid request: rejected before it is sent");
const invalid = await client.notes.store.safe({ text: "", tags: ["Not A Tag"] });
if (!invalid.ok) {
  say("error", String(invalid.error));
  if (invalid.error.status === "BAD_REQUEST") say("details.issues", invalid.error.details.issues);
}

heading("A declared error: its details are typed");
const missing = await client.note.get.safe({ id: 7 });
if (!missing.ok) {
  say("error", String(missing.error));
  if (missing.error.status === "NOT_FOUND") say("details.id", missing.error.details.id);
}

heading("A deadline: the call fails in time, and the handler's signal aborts");
const late = await client.time.get.safe({ delayMs: 60_000 }, { timeout: 100 });
if (!late.ok) say("error", String(late.error));

heading("Done");

function heading(text: string): void {
  console.log(`\n${styleText("bold", text)}`);
}

function say(what: string, value: unknown): void {
  const text =
    typeof value === "string"
      ? value
      : inspect(value, { depth: 6, compact: 5, breakLength: 100, colors: process.stdout.isTTY });
  console.log(`  ${styleText("cyan", what)}\n    ${text.replaceAll("\n", "\n    ")}`);
}
