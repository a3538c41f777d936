import { type RpcError, serveHandlers } from "sshrpc/server";
import { expect, onTestFinished, test } from "vitest";
import { defineHandlers } from "../../../../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../../../../conformance/handlers.js";
import { makeKey } from "../../ssh/support.js";
import { type Outcome, sshrpc, tempDir } from "../run.js";

/** What `sshrpc call` prints of calls that end with these errors. */
async function report(...errors: readonly Pick<RpcError, "status" | "message" | "details">[]): Promise<Outcome[]> {
  const cwd = tempDir();
  const [host, alice] = [makeKey(cwd, "host"), makeKey(cwd, "alice")];
  const server = await serveHandlers(defineHandlers(conformanceHandlers(new Waits())), {
    ...{ port: 0, log: false },
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [alice.line] },
  });
  onTestFinished(() => server.close());
  const known = tempDir({ known_hosts: `[127.0.0.1]:${server.port} ${host.line}\n` });
  const to = [
    "--identity",
    alice.file,
    "--known-hosts",
    `${known}/known_hosts`,
    `ssh://alice@127.0.0.1:${server.port}`,
  ];
  return Promise.all(errors.map((error) => sshrpc(["call", ...to, "GET", "/outcome", JSON.stringify(error)], { cwd })));
}

test("an error is printed with its details, of any form, and the method", async () => {
  const details = [{ id: 42 }, null, 7, "text", { issues: 5 }, { issues: [null] }, []];
  const outcomes = await report(...details.map((details) => ({ status: "CONFLICT", message: "x", details }) as const));
  expect(outcomes.map(({ status, stderr }) => [status, stderr])).toEqual(
    details.map((details) => [4, `sshrpc: CONFLICT: GET /outcome: x ${JSON.stringify(details)}\n`]),
  );
});

test("issues that the message contains are not printed twice, nor an empty list of them", async () => {
  const issues = [{ path: "/id", keyword: "type", message: "must be integer" }];
  const outcomes = await report(
    { status: "BAD_REQUEST", message: "it takes no request stream", details: { issues: [] } },
    { status: "BAD_REQUEST", message: "/id must be integer", details: { issues } },
  );
  expect(outcomes.map(({ stderr }) => stderr)).toEqual([
    "sshrpc: BAD_REQUEST: GET /outcome: it takes no request stream\n",
    "sshrpc: BAD_REQUEST: GET /outcome: /id must be integer\n",
  ]);
});

test("texts of a server are escaped, and limited to one line", async () => {
  const message = "\x1b]0;owned\x07\x1b[2J\r\nfake: prompt$ ";
  const [outcome] = await report({ status: "INTERNAL", message, details: { a: "\x9b31m" } });
  expect(outcome?.stderr).toMatch(/^[^\p{C}]+\n$/u);
});
