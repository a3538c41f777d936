import { expect } from "vitest";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { type Outcome, run } from "./run.js";
import { serveNotesOverSsh, start } from "./served.js";
import { SSHD, USER } from "./sshd.js";
import { startStdioSshd } from "./stdio-sshd.js";
import { itWith, PYTHON } from "./stock.js";

/** Milliseconds for tests that start many processes on a busy machine. */
const SLOW = 90_000;

/** Runs `ssh` with the rest of a command line, as a local shell reads it. */
function sshShell(ssh: readonly string[], rest: string): Promise<Outcome> {
  return run("sh", ["-c", `ssh "$@" ${rest}`, "sh", ...ssh]);
}

/** Commands with faults, their status and their message. */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["FROBNICATE /notes", "BAD_REQUEST", /unknown command "FROBNICATE"/],
  ["get /notes", "BAD_REQUEST", /unknown command "get"; did you mean GET\?/],
  ["GET /nots", "NOT_FOUND", /unknown resource \/nots; did you mean \/notes\?/],
  ["GET /nots/42", "NOT_FOUND", /did you mean \/notes\/\{id\}\?/],
  ["DELETE /notes", "METHOD_NOT_ALLOWED", /supported: GET, STORE/],
  ["help nots", "NOT_FOUND", /did you mean notes\?/],
  // Path segments are literal: none is skipped, and none leads up.
  ["GET //notes", "NOT_FOUND", /unknown resource \/\/notes/],
  ["GET /notes/", "NOT_FOUND", /unknown resource \/notes\//],
  ["GET /files//a", "NOT_FOUND", /unknown resource/],
  ["GET /files/../notes", "NOT_FOUND", /unknown resource/],
  ["GET /files/a/b", "NOT_FOUND", /unknown resource/],
  ["GET /files/%zz", "NOT_FOUND", /unknown resource/],
  [`STORE /notes "text='hi"`, "BAD_REQUEST", /unclosed quote at character 19/],
  [`STORE /notes '{"text":"hi"'`, "BAD_REQUEST", /unclosed JSON at character 14/],
  [`STORE /notes "{'text':1}"`, "BAD_REQUEST", /^the request: invalid JSON at line 1, column 2: unexpected token/],
  [`STORE /notes '{"text":"hi"}' text=hi`, "BAD_REQUEST", /unexpected argument "text=hi" after the request/],
  [
    "STORE /notes < wrong.json",
    "BAD_REQUEST",
    /^the request on standard input: invalid JSON at line 1, column 10: unexpected/,
  ],
  ["STORE /notes < latin1.json", "BAD_REQUEST", /^the request on standard input: not valid UTF-8/],
  [`"$(printf 'GET /notes/\\377')"`, "BAD_REQUEST", /not valid UTF-8/],
  [`"$(printf 'STORE /notes text=\\377')"`, "BAD_REQUEST", /not valid UTF-8/],
  ["GET /ticks --timeout 20ms", "DEADLINE_EXCEEDED", /./],
];

itWith(
  ["ssh"],
  "a fault of a command is one line of JSON with its position, and an exit status",
  async () => {
    const { ssh, directory } = await serveNotesOverSsh();
    write(directory, "wrong.json", '{"text": ]');
    write(directory, "latin1.json", Buffer.from('{"text":"gr\xfc\xdfe"}', "latin1"));
    for (const [rest, status, message] of REFUSED) {
      const outcome = await sshShell(ssh, rest.replace("< ", `< ${directory}/`));
      expect(outcome, rest).toMatchObject({ stderr: expect.stringMatching(/^\{.*\}\n$/) });
      const error = JSON.parse(outcome.stderr);
      expect(error, rest).toMatchObject({ status, message: expect.stringMatching(message) });
      expect(outcome.status, rest).toBe(error.code < 500 ? 4 : 5);
      // A stream has given what it had by then.
      if (status !== "DEADLINE_EXCEEDED") expect(outcome.stdout, rest).toBe("");
    }
  },
  SLOW,
);

itWith(
  ["ssh", SSHD],
  "under sshd, faults of commands have the same messages",
  async () => {
    const sshd = await startStdioSshd((serve) => ({
      authorizedKeys: (line) => [`restrict,command="${serve("--scopes items:*")}" ${line}`],
    }));
    for (const [rest, status, message] of [
      ["GET /itms/1", "NOT_FOUND", /unknown resource \/itms\/1; did you mean \/items\/\{id\}\?/],
      ["GET /items/../secret", "NOT_FOUND", /unknown resource/],
      [`"GET /items/1 x='"`, "BAD_REQUEST", /unclosed quote at character 16/],
      [`"$(printf 'GET /items/\\377')"`, "BAD_REQUEST", /not valid UTF-8/],
      [`"UPDATE /echo text=$(head -c 100000 /dev/zero | tr '\\0' x)"`, "MESSAGE_TOO_LARGE", /on standard input$/],
      ["UPDATE /echo < /dev/zero", "MESSAGE_TOO_LARGE", /the request on standard input: longer than/],
    ] as const) {
      const outcome = await sshShell([...sshd.options, `${USER}@127.0.0.1`], rest);
      expect(outcome, rest).toMatchObject({ status: 4, stdout: "", stderr: expect.stringMatching(/^\{.*\}\n$/) });
      expect(JSON.parse(outcome.stderr), rest).toMatchObject({ status, message: expect.stringMatching(message) });
    }
  },
  SLOW,
);

itWith(["ssh"], "an escaped path segment is one parameter, and never reaches another resource", async () => {
  const { ssh } = await serveNotesOverSsh();
  for (const [path, name] of [
    ["a%2Fb", "a/b"],
    ["..%2F..%2Fnotes", "../../notes"],
    ["%2e%2e", ".."],
    ["gr%C3%BC%C3%9Fe", "grüße"],
  ]) {
    const { stdout, stderr } = await sshShell(ssh, `STORE /files/${path} < /dev/null`);
    expect(JSON.parse(stdout), stderr).toMatchObject({ name });
  }
});

itWith(["ssh"], "a request in the command takes precedence over standard input", async () => {
  const { ssh, directory } = await serveNotesOverSsh();
  write(directory, "piped.json", '{"text":"piped"}');
  const { stdout } = await sshShell(ssh, `STORE /notes text=said < ${directory}/piped.json`);
  expect(stdout).toBe('{"text":"said"}\n');
});

itWith(["ssh"], "a key sees only the methods that it may call", async () => {
  const bob = makeKey(tempDir(), "bob");
  const served = await serveNotesOverSsh({ authorizedKeys: { lines: [`scopes="notes:read" ${bob.line} bob`] } });
  const ssh = ["-i", bob.file, ...served.ssh];
  const { stdout } = await sshShell(ssh, "help");
  expect(stdout).toMatch(/GET \/notes +Lists notes\./);
  expect(stdout).not.toContain("STORE /notes");
  expect(await sshShell(ssh, "describe STORE /notes")).toMatchObject({ status: 4, stdout: "" });
  const refused = await sshShell(ssh, "STORE /notes text=hi");
  expect(JSON.parse(refused.stderr)).toMatchObject({ status: "FORBIDDEN", code: 403 });
  expect(await sshShell(ssh, "GET /notes")).toMatchObject({ status: 0 });
});

itWith(
  ["python3-asyncssh"],
  "a signal from the caller cancels the call, with CANCELLED on standard error",
  async () => {
    const { server, key, knownHosts, directory, seen } = await serveNotesOverSsh();
    const script = write(
      directory,
      "client.py",
      `
import asyncio, asyncssh, sys
async def main():
    async with asyncssh.connect("127.0.0.1", ${server.port}, username="alice", client_keys=["${key.file}"],
                                known_hosts="${knownHosts}", agent_path=None, config=None) as connection:
        process = await connection.create_process("GET /ticks")
        await process.stdout.readline()
        process.send_signal("INT")
        result = await process.wait()
        print(result.exit_status, result.stderr)
asyncio.run(asyncio.wait_for(main(), 15))
`,
    );
    const client = start(PYTHON, ["-W", "ignore", script]);
    expect(await client.ended, client.stderr()).toBe(0);
    expect(`${client.stdout()}`).toMatch(/^4 \{"status":"CANCELLED","code":499,/);
    await until("the handler's end", () => seen.includes("left"));
  },
);
