import { expect, test } from "vitest";
import { stdioRequest } from "../../../../../runtime/src/adapters/stdio/stdio-request.js";

test.each<[string, string | undefined, boolean, object]>([
  ["a subsystem", undefined, false, { kind: "native" }],
  ["a forced command in place of a shell", undefined, true, { kind: "shell" }],
  ["an empty command on a terminal", "  ", true, { kind: "shell" }],
  ["the subsystem by its name", "sshrpc", false, { kind: "native" }],
  ["the subsystem by its line", "sshrpc serve --stdio --handlers x.js", false, { kind: "native" }],
  ["the subsystem by its path", "/usr/local/bin/serve-notes", false, { kind: "native" }],
  ["the subsystem with an environment", "NODE_ENV=production serve-notes", false, { kind: "native" }],
  ["the subsystem through exec", "exec serve-notes", false, { kind: "native" }],
  ["a command", " GET /notes/42 ", false, { kind: "exec", command: "GET /notes/42" }],
  ["a command on a terminal", "GET /notes", true, { kind: "exec", command: "GET /notes" }],
  ["a command with an error", "GTE /notes", false, { kind: "exec", command: "GTE /notes" }],
  ["a command without its space", "GET/notes", false, { kind: "exec", command: "GET/notes" }],
  ["a lower-case command without its space", "get/notes", false, { kind: "exec", command: "get/notes" }],
  ["an option in place of a command", "--timeout=2s GET /", false, { kind: "exec", command: "--timeout=2s GET /" }],
  ["JSON in place of a command", '{"a":"/"}', false, { kind: "exec", command: '{"a":"/"}' }],
  ["a program on a terminal", "/bin/ls", true, { kind: "exec", command: "/bin/ls" }],
  ["help", "help", false, { kind: "exec", command: "help" }],
])("%s is recognized by the environment", (_, command, isTerminal, request) => {
  expect(stdioRequest({ SSH_ORIGINAL_COMMAND: command }, { isTerminal, isForced: false })).toEqual(request);
});

test("a session without a command is a shell in a known forced command; a command is recognized as before", () => {
  const start = { isTerminal: false, isForced: true };
  expect(stdioRequest({}, start)).toEqual({ kind: "shell" });
  expect(stdioRequest({ SSH_ORIGINAL_COMMAND: "" }, start)).toEqual({ kind: "shell" });
  expect(stdioRequest({ SSH_ORIGINAL_COMMAND: "sshrpc" }, start)).toEqual({ kind: "native" });
  expect(stdioRequest({ SSH_ORIGINAL_COMMAND: "help" }, start)).toEqual({ kind: "exec", command: "help" });
});
