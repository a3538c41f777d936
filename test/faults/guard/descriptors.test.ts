import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../../generated/client.js";
import { BIN, tempDir } from "../../unit/runtime/cli/run.js";
import { until } from "../../unit/runtime/support/wait.js";

test("a server without free file descriptors logs it once, and accepts connections when some are free again", async () => {
  const [keys, host] = [generateKeyPair(), generateKeyPair()];
  const cwd = tempDir({ keys: `${keys.publicKey}\n` });
  writeFileSync(join(cwd, "host"), host.privateKey, { mode: 0o600 });
  const handlers = join(import.meta.dirname, "../../../examples/server.ts");
  const args = ["serve", "--handlers", handlers, "--port", "0", "--host-key", "host", "--authorized-keys", "keys"];
  const limited = ["-c", 'ulimit -n 96 && exec "$0" "$@"', process.execPath, BIN, ...args];
  const child = spawn("bash", limited, { cwd, env: { ...process.env, HOME: cwd, NODE_OPTIONS: "" } });
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const text = { out: "", log: "" };
  child.stdout.on("data", (chunk) => {
    text.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text.log += chunk;
  });
  const ready = until("the port", () => /127\.0\.0\.1:(\d+)/.exec(text.out)?.[1]);
  const port = Number(await Promise.race([ready, ended.then(() => Promise.reject(new Error(text.log)))]));
  const open = () =>
    connectTcp(port, "127.0.0.1")
      .on("error", () => undefined)
      .resume();
  let sockets = Array.from({ length: 150 }, open);
  // The server looks for free descriptors each second. On a busy machine it may have closed some connections by then.
  const refill = setInterval(() => {
    sockets = sockets.map((socket) => (socket.destroyed ? open() : socket));
  }, 200);
  onTestFinished(() => clearInterval(refill));
  const logged = (part: string) => text.log.split("\n").filter((line) => line.includes(part));
  await until("the error", () => logged("no free file descriptors").length > 0);
  clearInterval(refill);
  expect(JSON.parse(logged("no free file descriptors")[0] ?? "")).toMatchObject({
    level: "error",
    err: { code: "EMFILE" },
  });
  // Further connections meet the same error.
  for (let count = 0; count < 20; count++) {
    const socket = connectTcp(port, "127.0.0.1")
      .on("error", () => undefined)
      .resume();
    await once(socket, "close");
  }
  for (const socket of sockets) socket.destroy();
  await until("the end", () => logged("file descriptors are free again: new connections are accepted").length > 0);
  const client = await connect(`ssh://alice@127.0.0.1:${port}`, {
    identity: { privateKey: keys.privateKey },
    hostKey: /SHA256:\S+/.exec(text.out)?.[0] as string,
  });
  expect(await client.hello.get({ name: "Ada" })).toMatchObject({ msg: expect.stringContaining("Ada") });
  await client.close();
  expect(logged("no free file descriptors")).toHaveLength(1);
});
