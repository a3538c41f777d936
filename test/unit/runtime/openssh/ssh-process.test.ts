import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { finished } from "node:stream/promises";
import type { Transport } from "sshrpc/client";
import type { RpcError } from "sshrpc/server";
import { expect, test } from "vitest";
import { callPath } from "../../../../runtime/src/client/call-path.js";
import { opensshTransport } from "../../../../runtime/src/openssh/openssh-transport.js";
import { tempDir, write } from "../ssh/support.js";
import { failure, until, within } from "../support/wait.js";

/** A script in place of ssh, which writes its process ID to a file. */
function fake(
  script: string,
  connectTimeout = 20_000,
): { transport: Transport; hasStarted: () => boolean; isRunning: () => boolean } {
  const directory = tempDir();
  const program = write(directory, "ssh", `#!/bin/bash\necho $$ > ${directory}/pid\n${script}\n`, 0o700);
  const hasStarted = (): boolean => existsSync(`${directory}/pid`);
  const isRunning = (): boolean => {
    const pid = readFileSync(`${directory}/pid`, "utf8").trim();
    return spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" }).stdout.trim() !== "";
  };
  return { transport: opensshTransport("edge", { program, connectTimeout, sshConfig: false }), hasStarted, isRunning };
}

const HANGS = `trap "" TERM; while :; do sleep 0.1; done`;

test("an ssh that hangs and ignores SIGTERM is killed after the timeout", async () => {
  const { transport, isRunning } = fake(`echo so far so good >&2; ${HANGS}`, 3000);
  expect(await failure(transport.open())).toMatchObject({
    status: "UNAVAILABLE",
    message: "ssh://edge did not respond within 3000 ms (connectTimeout); ssh: so far so good",
  });
  await until("its end", () => !isRunning());
});

test("cancelling an attempt ends ssh", async () => {
  const { transport, hasStarted, isRunning } = fake(HANGS);
  const abort = new AbortController();
  const opening = failure(transport.open(abort.signal));
  await until("its start", hasStarted);
  abort.abort("enough");
  expect(await opening).toMatchObject({ status: "CANCELLED", cause: "enough" });
  await until("its end", () => !isRunning());
  expect(await failure(transport.open(AbortSignal.abort()))).toMatchObject({ status: "CANCELLED" });
});

test.each([
  ["exit 0", "the server's command ended with status 0 and without output: the command in its Subsystem line"],
  ["exit 1", "the server's command ended with status 1 and without output: the command in its Subsystem line"],
  ["exit 3", "the server's command ended with status 3 and without output: the command in its Subsystem line"],
  ["exit 255", "the server's command ended with status 255 and without output: sshd could not start it"],
  ["exit 127", "the server's command ended with status 127 and without output: the command in its Subsystem line"],
  ["kill -KILL $$", "ssh was terminated by SIGKILL"],
  ["echo a reason >&2; exit 255", "ssh exited with status 255; ssh: a reason"],
])("an ssh that exits at once is an error with its exit status or signal: %s", async (script, message) => {
  expect(await failure(fake(script).transport.open())).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringContaining(`no connection to ssh://edge: ${message}`),
  });
});

test("the end of 10 MB on standard error is quoted, on one line without control characters", async () => {
  const banner = String.raw`head -c 10000000 /dev/zero | tr '\0' x >&2; printf '\n\e]0;owned\a\nthe last words\n' >&2; exit 255`;
  const { message } = await failure<RpcError>(fake(banner).transport.open());
  expect(message).toMatch(/the last words$/);
  expect(message).toMatch(/^[^\p{C}]{1,600}$/u);
});

test("messages of ssh are interpreted only if ssh itself failed", async () => {
  const said = "echo 'alice@edge: Permission denied (publickey).' >&2";
  expect(await failure(fake(`${said}; exit 255`).transport.open())).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(await failure(fake(`${said}; exit 1`).transport.open())).toMatchObject({ status: "UNAVAILABLE" });
});

test.each([
  ["does not exist", "/nowhere/ssh", 'program "/nowhere/ssh" not found: install the OpenSSH client'],
  ["is not executable", "/etc/passwd", "cannot be run (EACCES)"],
])("an ssh that %s is named", async (_, program, message) => {
  expect(await failure(opensshTransport("edge", { program }).open())).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringContaining(message),
  });
});

test("10 MB of other output instead of a preamble is an error, and ends ssh", async () => {
  const { transport, isRunning } = fake(`head -c 10000000 /dev/zero | tr '\\0' '#'; sleep 60`);
  expect(await failure(callPath(transport, { verb: "GET", path: "/x" }))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringContaining("no sshrpc preamble in the first 65536 bytes"),
  });
  await until("its end", () => !isRunning());
});

test("a banner on standard output without a server is quoted", async () => {
  expect(await failure(callPath(fake("echo Go away; exit 1").transport, { verb: "GET", path: "/x" }))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/was lost: .*status 1; received instead of the sshrpc preamble: "Go away\\n"/),
  });
});

test("bytes pass in both directions, and either side can end", async () => {
  const { transport, isRunning } = fake("echo hello; cat");
  const duplex = await transport.open();
  const heard: Buffer[] = [];
  duplex.on("data", (chunk: Buffer) => heard.push(chunk));
  const sent = Buffer.alloc(3_000_000, "what goes out comes back; ");
  duplex.end(sent);
  await within("the end", finished(duplex));
  expect(Buffer.concat(heard).equals(Buffer.concat([Buffer.from("hello\n"), sent]))).toBe(true);
  expect(isRunning()).toBe(false);
});

test("backpressure stops the writer if the server does not read", async () => {
  const { transport } = fake("echo hello; sleep 60");
  const duplex = await transport.open();
  let taken = 0;
  while (duplex.write(Buffer.alloc(16_384))) taken += 16_384;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(2_000_000);
  duplex.destroy();
  await within("the end", new Promise((resolve) => duplex.once("close", resolve)));
});

test("a destroyed duplex closes regardless of what ssh does, and leaves no process", async () => {
  const { transport, isRunning } = fake(`echo hello; ${HANGS}`);
  const duplex = await transport.open();
  duplex.destroy();
  await within("the end", new Promise((resolve) => duplex.once("close", resolve)));
  expect(isRunning()).toBe(false);
});

test("an ssh that fails later ends the duplex with its error", async () => {
  const { transport } = fake("echo hello; echo 'client_loop: send disconnect: Broken pipe' >&2; exit 255");
  const duplex = await transport.open();
  duplex.resume();
  expect(await failure(finished(duplex))).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/^the connection to ssh:\/\/edge was lost: ssh exited .*Broken pipe$/),
  });
});

test.each([
  [{ connectTimeout: Number.NaN }, "option connectTimeout: NaN is not an integer from 1 to 2147483647"],
  [{ keepaliveInterval: -1 }, "option keepaliveInterval: -1 is not an integer from 0 to 2147483647"],
])("%j is refused before ssh is run", (options, message) => {
  expect(() => opensshTransport("edge", options)).toThrow(message);
});
