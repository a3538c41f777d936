import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { CallFailure, reportFailure, UsageError } from "../../../../../runtime/src/cli/shared/failure.js";
import { RpcError } from "../../../../../runtime/src/contract/rpc-error.js";

function report(error: unknown): { status: number; text: string } {
  let text = "";
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { status: reportFailure(error, stderr), text };
}

test("an RpcError is printed with its declared details", () => {
  const error = new RpcError("NOT_FOUND", "no such note", { method: "GET /notes/42", details: { id: 42 } });
  expect(report(error)).toEqual({ status: 1, text: 'sshrpc: NOT_FOUND: GET /notes/42: no such note {"id":42}\n' });
});

test("an error without issues is printed without details", () => {
  const error = new RpcError("BAD_REQUEST", "it takes no request stream", { details: { issues: [] } });
  expect(report(error).text).toBe("sshrpc: BAD_REQUEST: it takes no request stream\n");
});

test("issues that the message contains are not printed twice", () => {
  const issues = [{ path: "/id", keyword: "type", message: "must be integer" }];
  const error = new RpcError("BAD_REQUEST", "/id must be integer", { details: { issues } });
  expect(report(error).text).toBe("sshrpc: BAD_REQUEST: /id must be integer\n");
});

test.each([null, 7, "text", { issues: 5 }, { issues: [null] }, []])(
  "details of any form are printed: %j",
  (details) => {
    expect(report(new RpcError("CONFLICT", "x", { details })).text).toBe(
      `sshrpc: CONFLICT: x ${JSON.stringify(details)}\n`,
    );
  },
);

test("texts of a server are escaped, and limited to one line", () => {
  const { text } = report(
    new RpcError("INTERNAL", "\x1b]0;owned\x07\x1b[2J\r\nfake: prompt$ ", { details: { a: "\x9b31m" } }),
  );
  expect(text).toMatch(/^[^\p{C}]+\n$/u);
});

test("a failed call has the exit status of its class, as text or as JSON", () => {
  const error = new RpcError("NOT_FOUND", "no \x9b31m", { method: "GET /notes/42", details: { id: 42 } });
  expect(report(new CallFailure(error, "text"))).toEqual({
    status: 4,
    text: 'sshrpc: NOT_FOUND: GET /notes/42: no \\u{9b}31m {"id":42}\n',
  });
  expect(report(new CallFailure(error, "json"))).toEqual({
    status: 4,
    text: '{"status":"NOT_FOUND","code":404,"method":"GET /notes/42","message":"no \\u009b31m","details":{"id":42}}\n',
  });
  expect(report(new CallFailure(new RpcError("INTERNAL", "x", { code: 507 }), "json"))).toEqual({
    status: 5,
    text: '{"status":"INTERNAL","code":507,"message":"x"}\n',
  });
});

test("the exit status is 2 for an invalid command line, and 1 for every other failure", () => {
  expect(report(new UsageError("wrong"))).toEqual({ status: 2, text: "sshrpc: wrong\n" });
  expect(report(new Error("broken"))).toEqual({ status: 1, text: "sshrpc: broken\n" });
  expect(report("a text")).toEqual({ status: 1, text: "sshrpc: a text\n" });
});
