import { expect, test } from "vitest";
import { channelHandlers } from "../../../../runtime/src/adapters/adapters.js";
import { finish, MemorySession } from "./memory-session.js";
import { serveNotes } from "./notes-server.js";

test("commands and shells are on by default, and each can be switched off", () => {
  const { server, log } = serveNotes();
  expect(Object.keys(channelHandlers(server, { log }))).toEqual(expect.arrayContaining(["native", "exec", "shell"]));
  const ways = channelHandlers(server, { log, exec: false, shell: false });
  expect([ways.exec, ways.shell]).toEqual([undefined, undefined]);
});

test("a shell can be one command", async () => {
  const { server, log } = serveNotes();
  const session = new MemorySession();
  channelHandlers(server, { log, shell: { run: "GET /notes/5" } }).shell?.(session);
  expect(await finish(session)).toMatchObject({ status: 0, stdout: Buffer.from('{"id":5}\n') });
});

test.each([
  ["GET /nothing", /the option shell\.run is "GET \/nothing": unknown resource \/nothing/],
  ["FROB", /unknown command "FROB"/],
  ["GET '/notes", /unclosed quote at character 5/],
])("shell.run: %s is refused when the server starts", (run, message) => {
  const { server, log } = serveNotes();
  expect(() => channelHandlers(server, { log, shell: { run } })).toThrow(message);
});

test("exec.inputTimeout bounds the wait for a request, and is checked", async () => {
  const { server, log } = serveNotes();
  expect(() => channelHandlers(server, { log, exec: { inputTimeout: 0 } })).toThrow("exec.inputTimeout is 0");
  const session = new MemorySession();
  session.remote.resume();
  channelHandlers(server, { log, exec: { inputTimeout: 30 } }).exec?.(session, "STORE /notes");
  session.remote.write('{"text":"hi"}');
  expect(await session.exited).toBe(5);
  expect(JSON.parse(session.stderr)).toMatchObject({
    status: "DEADLINE_EXCEEDED",
    message: "no request on standard input within 30 ms",
  });
});
