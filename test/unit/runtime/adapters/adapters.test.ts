import { expect, test } from "vitest";
import { type AdapterConfig, buildAdapters } from "../../../../runtime/src/adapters/adapters.js";
import type { Session } from "../../../../runtime/src/base/session.js";
import { type ChannelRequest, findHandler } from "../../../../runtime/src/ssh/server/channel-handler.js";
import { finish, MemorySession } from "./memory-session.js";
import { serveNotes } from "./notes-server.js";

const REQUESTS: readonly ChannelRequest[] = [
  { kind: "subsystem", name: "sshrpc" },
  { kind: "subsystem", name: "mcp" },
  { kind: "exec", command: "GET /notes" },
  { kind: "shell" },
  { kind: "direct-tcpip", host: "127.0.0.1", port: 1, originHost: "127.0.0.1", originPort: 2 },
];

/** Runs the adapter of a session request. */
function run(config: AdapterConfig, session: Session, request: ChannelRequest<"exec" | "shell">): void {
  findHandler(buildAdapters(config), request)?.run(session, request);
}

test.each([
  [{}, ["native", undefined, "exec", "shell", undefined]],
  [{ exec: false, shell: false }, ["native", undefined, undefined, undefined, undefined]],
  [{ korv: true }, ["native", undefined, "exec", "shell", "korv"]],
])("the options %j choose the adapter of each request", (options, names) => {
  const adapters = buildAdapters({ ...serveNotes(), ...options });
  expect(REQUESTS.map((request) => findHandler(adapters, request)?.name)).toEqual(names);
});

test("shell.run runs one command in place of a shell", async () => {
  const session = new MemorySession();
  run({ ...serveNotes(), shell: { run: "GET /notes/5" } }, session, { kind: "shell" });
  expect(await finish(session)).toMatchObject({ status: 0, stdout: Buffer.from('{"id":5}\n') });
});

test.each([
  ["GET /nothing", /^shell\.run: "GET \/nothing": unknown resource \/nothing/],
  ["FROB", /unknown command "FROB"/],
  ["GET '/notes", /unclosed quote at character 5/],
])("shell.run: %s is refused when the server starts", (command, message) => {
  expect(() => buildAdapters({ ...serveNotes(), shell: { run: command } })).toThrow(message);
});

test("exec.inputTimeout limits the wait for a request, and is validated", async () => {
  expect(() => buildAdapters({ ...serveNotes(), exec: { inputTimeout: 0 } })).toThrow(
    "exec.inputTimeout: 0: must be from 1 to 2147483647 ms",
  );
  const session = new MemorySession();
  session.remote.resume();
  run({ ...serveNotes(), exec: { inputTimeout: 30 } }, session, { kind: "exec", command: "STORE /notes" });
  session.remote.write('{"text":"hi"}');
  expect(await session.exited).toBe(5);
  expect(JSON.parse(session.stderr)).toMatchObject({
    status: "DEADLINE_EXCEEDED",
    message: "no request on standard input within 30 ms",
  });
});
