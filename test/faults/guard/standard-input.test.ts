import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { defineHandlers } from "../../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../../conformance/handlers.js";
import { within } from "../../unit/runtime/support/wait.js";
import { connectTo } from "./support.js";

test.each([
  ["a request", "STORE /payload -"],
  ["an item", `STORE /run '{"name":"x"}'`],
])("the memory of %s on standard input that never ends is charged to the connection", async (_, command) => {
  const { privateKey, publicKey } = generateKeyPair();
  const server = await serveHandlers(defineHandlers(conformanceHandlers(new Waits())), {
    port: 0,
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [publicKey] },
    limits: { bytes: 1024 * 1024 },
    log: false,
  });
  onTestFinished(() => server.close());
  const { client } = await connectTo(server.port, "ready", { privateKey });
  const run = async (input: string, end: boolean): Promise<{ code: number; stderr: string }> =>
    within(
      "the end of the command",
      new Promise((resolve, reject) => {
        client.exec(command, (error, channel) => {
          if (error) return reject(error);
          let stderr = "";
          channel.stderr.on("data", (chunk: Buffer) => {
            stderr += chunk;
          });
          channel.on("exit", (code: number) => channel.once("close", () => resolve({ code, stderr }))).resume();
          channel.write(input);
          if (end) channel.end();
        });
      }),
    );
  const ended = await run(`{"text":"${"x".repeat(2 * 1024 * 1024)}`, false);
  expect(ended).toMatchObject({ code: 4, stderr: expect.stringContaining("RESOURCE_EXHAUSTED") });
  expect(ended.stderr).toContain("limits.bytes");
  // What it held is free again.
  expect((await run("{", true)).stderr).toContain("BAD_REQUEST");
});
