import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { reportFailure, UsageError } from "../../../../../runtime/src/cli/shared/failure.js";
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

test("an RpcError is printed with what the schema declares of it", () => {
  const error = new RpcError("NOT_FOUND", "no such note", { method: "GET /notes/42", details: { id: 42 } });
  expect(report(error)).toEqual({ status: 1, text: 'sshrpc: NOT_FOUND: GET /notes/42: no such note {"id":42}\n' });
});

test("a refusal without issues does not say that there are none", () => {
  const error = new RpcError("BAD_REQUEST", "it takes no request stream", { details: { issues: [] } });
  expect(report(error).text).toBe("sshrpc: BAD_REQUEST: it takes no request stream\n");
});

test("issues that stand in the message are not printed twice", () => {
  const issues = [{ path: "/id", keyword: "type", message: "must be integer" }];
  const error = new RpcError("BAD_REQUEST", "/id must be integer", { details: { issues } });
  expect(report(error).text).toBe("sshrpc: BAD_REQUEST: /id must be integer\n");
});

test.each([null, 7, "text", { issues: 5 }, { issues: [null] }, []])("details of any form do no harm: %j", (details) => {
  expect(report(new RpcError("CONFLICT", "x", { details })).text).toBe(
    `sshrpc: CONFLICT: x ${JSON.stringify(details)}\n`,
  );
});

test("what a server says cannot steer the terminal, nor take more than its line", () => {
  const { text } = report(
    new RpcError("INTERNAL", "\x1b]0;owned\x07\x1b[2J\r\nfake: prompt$ ", { details: { a: "\x9b31m" } }),
  );
  expect(text).toMatch(/^[^\p{C}]+\n$/u);
});

test("a mistake on the command line is 2, and everything else is 1", () => {
  expect(report(new UsageError("wrong"))).toEqual({ status: 2, text: "sshrpc: wrong\n" });
  expect(report(new Error("broken"))).toEqual({ status: 1, text: "sshrpc: broken\n" });
  expect(report("a text")).toEqual({ status: 1, text: "sshrpc: a text\n" });
});
