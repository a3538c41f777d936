import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { until } from "../unit/runtime/support/wait.js";
import { CONTENT, type Running, type Served, serveNotesOverSsh, sha256, start } from "./served.js";
import { itWith, PYTHON } from "./stock.js";

/** Runs `ssh` with a command line of a local shell, so that its quotes are those that people write. */
function sshShell(served: Served, command: string, env: NodeJS.ProcessEnv = {}): Running {
  return start("sh", ["-c", `ssh "$@" ${command}`, "sh", ...served.ssh], { env: { ...process.env, ...env } });
}

async function outcome({
  ended,
  stdout,
  stderr,
}: Running): Promise<{ status: unknown; stdout: string; stderr: string }> {
  const status = await ended;
  return { status, stdout: stdout().toString(), stderr: stderr() };
}

itWith(["ssh"], "ssh calls methods by path, with JSON, with fields, and from standard input", async () => {
  const served = await serveNotesOverSsh();
  const run = (command: string) => outcome(sshShell(served, command));
  const stored = { status: 0, stdout: '{"text":"hi there"}\n', stderr: "" };
  expect(await run("GET /notes/42")).toEqual({ status: 0, stdout: '{"id":42,"text":"hi"}\n', stderr: "" });
  expect(await run(`STORE /notes '{"text":"hi there"}'`)).toEqual(stored);
  expect(await run(`'STORE /notes {"text":"hi there"}'`)).toEqual(stored);
  expect(await run(`STORE /notes "text='hi there'"`)).toEqual(stored);
  expect(await run(`STORE /notes text=hi\\\\ there`)).toEqual(stored);
  expect(await run(`STORE /notes <<'E'\n{ "text": "hi there" }\nE`)).toEqual(stored);
});

itWith(["ssh"], "an error is one line on standard error, and an exit status", async () => {
  const served = await serveNotesOverSsh();
  const { status, stdout, stderr } = await outcome(sshShell(served, "GET /notes/7"));
  expect([status, stdout]).toEqual([4, ""]);
  expect(JSON.parse(stderr)).toMatchObject({ status: "NOT_FOUND", details: { id: 7 } });
});

itWith(["ssh"], "help, describe and version work with stock ssh", async () => {
  const served = await serveNotesOverSsh();
  expect((await outcome(sshShell(served, "help"))).stdout).toMatch(
    /^notes 1\.0\.0\n(.*\n)*.*GET \/notes\/\{id\} +Reads a note\./,
  );
  const { stdout } = await outcome(sshShell(served, "describe '/notes/{id}'"));
  expect(JSON.parse(stdout).types.Note.required).toEqual(["id", "text"]);
  expect(JSON.parse((await outcome(sshShell(served, "version"))).stdout)).toMatchObject({ version: "1.0.0" });
});

itWith(["ssh"], "a stream arrives item by item; killing ssh stops its handler", async () => {
  const served = await serveNotesOverSsh();
  // As a pipe does it: the input is at its end from the start.
  const running = start("ssh", ["-n", ...served.ssh, "GET /ticks"]);
  await until("three ticks", () => running.stdout().toString() === '{"tick":1}\n{"tick":2}\n{"tick":3}\n');
  expect(served.seen).toEqual(["third"]);
  running.process.kill("SIGKILL");
  await until("the handler's end", () => served.seen.includes("left"));
});

itWith(["ssh"], "lines of a pipe are a request stream", async () => {
  const served = await serveNotesOverSsh();
  const sum = start("sh", ["-c", 'seq 1 1000 | ssh "$@"', "sh", ...served.ssh, "STORE /sum"]);
  expect(await outcome(sum)).toEqual({ status: 0, stdout: "500500\n", stderr: "" });
});

itWith(["ssh"], "answers to the lines before an invalid one arrive first, and the error names the line", async () => {
  const served = await serveNotesOverSsh();
  for (const [line, reason] of [
    ["true", /^standard input, line 3 does not match the schema: /],
    ["{", /^standard input, line 3: invalid JSON at line 1, column 2/],
  ] as const) {
    const chat = start("ssh", [...served.ssh, "UPDATE /chat"]);
    chat.process.stdin?.end(`{"text":"a"}\n\n${line}\n{"text":"c"}\n`);
    const { status, stdout, stderr } = await outcome(chat);
    expect([status, stdout]).toEqual([4, '{"text":"A"}\n']);
    expect(JSON.parse(stderr)).toMatchObject({ status: "BAD_REQUEST", message: expect.stringMatching(reason) });
  }
});

itWith(["ssh"], "raw bytes pass both ways, complete, with their checksum", async () => {
  const served = await serveNotesOverSsh();
  const down = start("ssh", [...served.ssh, "GET /files/a.bin"]);
  expect(await down.ended).toBe(0);
  expect(sha256(down.stdout())).toBe(sha256(CONTENT));
  expect(down.stderr()).toBe(`"${sha256(CONTENT)}"\n`);
  const up = start("ssh", [...served.ssh, "STORE /files/a.bin"]);
  up.process.stdin?.end(CONTENT);
  expect(await outcome(up)).toMatchObject({ status: 0, stdout: `{"name":"a.bin","sha256":"${sha256(CONTENT)}"}\n` });
});

itWith(["ssh"], "a partial upload of a killed ssh is not treated as complete", async () => {
  const served = await serveNotesOverSsh();
  const up = start("ssh", [...served.ssh, "STORE /files/a.bin"]);
  up.process.stdin?.write(CONTENT.subarray(0, 1_000_000));
  await until("some of it", () => served.seen.includes("some"));
  up.process.kill("SIGKILL");
  await until("the end", () => served.seen.length > 1);
  expect(served.seen).toEqual(["some", "lost CANCELLED"]);
});

itWith(["ssh"], "a client that stops reading stops the handler; when it resumes, no data is missing", async () => {
  const served = await serveNotesOverSsh();
  const command = 'ssh "$@" | { sleep 1; cat; } | sha256sum';
  const { stdout } = await outcome(start("sh", ["-c", command, "sh", ...served.ssh, "GET /files/a.bin"]));
  expect(stdout).toBe(`${sha256(CONTENT)}  -\n`);
});

itWith(["ssh"], "SendEnv sends metadata, and no other variable", async () => {
  const served = await serveNotesOverSsh();
  const env = { RPC_TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", LC_ALL: "C" };
  const { stdout } = await outcome(sshShell(served, "-o 'SendEnv=RPC_* LC_*' GET /notes", env));
  expect(JSON.parse(stdout)).toEqual({ traceparent: env.RPC_TRACEPARENT });
});

itWith(["ssh"], "concurrent calls share one ControlMaster connection", async () => {
  const served = await serveNotesOverSsh();
  const control = ["-o", `ControlPath=${served.directory}/control`];
  const master = start("ssh", [...control, "-o", "ControlMaster=yes", "-N", ...served.ssh]);
  await until(
    "the master",
    () => spawnSync("ssh", [...control, "-O", "check", ...served.ssh]).status === 0 || undefined,
  );
  const calls = [1, 2, 3].map((id) => outcome(start("ssh", [...control, ...served.ssh, `GET /notes/${id}`])));
  const answers = (await Promise.all(calls)).map(({ stdout }) => JSON.parse(stdout).id);
  expect(answers).toEqual([1, 2, 3]);
  // A call that is stopped leaves the others alone. A master that has nothing to do closes channels late, so it is kept busy.
  const ticks = start("ssh", [...control, ...served.ssh, "GET /ticks every=50"]);
  await until("ticks", () => served.seen.includes("third"));
  ticks.process.kill("SIGKILL");
  await until("the handler's end", () => served.seen.includes("left"));
  expect((await outcome(start("ssh", [...control, ...served.ssh, "GET /notes/4"]))).status).toBe(0);
  expect(served.log.with("SSH connection closed")).toEqual([]);
  spawnSync("ssh", [...control, "-O", "exit", ...served.ssh]);
  await master.ended;
});

itWith(["ssh"], "a shell loop keeps its input with ssh -n, and with methods that require none", async () => {
  const served = await serveNotesOverSsh();
  const loop = 'printf "1\\n2\\n3\\n" | while read id; do ssh -n "$@" GET /notes/$id; done';
  const { stdout } = await outcome(start("sh", ["-c", loop, "sh", ...served.ssh]));
  expect(stdout.match(/"id":\d/g)).toEqual(['"id":1', '"id":2', '"id":3']);
});

itWith(["ssh"], "a command that is too long is refused with an alternative", async () => {
  const served = await serveNotesOverSsh();
  const text = "x".repeat(34_000);
  const { status, stdout, stderr } = await outcome(start("ssh", [...served.ssh, `STORE /notes text=${text}`]));
  expect([status, stdout]).toEqual([4, ""]);
  expect(JSON.parse(stderr)).toMatchObject({ code: 413, message: expect.stringMatching(/on standard input$/) });
  const piped = start("ssh", [...served.ssh, "STORE /notes"]);
  piped.process.stdin?.end(JSON.stringify({ text }));
  expect((await outcome(piped)).stdout).toBe(`{"text":"${text}"}\n`);
});

itWith(["ssh"], "a command larger than a packet ends its connection, not the server", async () => {
  const served = await serveNotesOverSsh();
  const { status, stdout } = await outcome(start("ssh", [...served.ssh, `STORE /notes text=${"x".repeat(100_000)}`]));
  expect([status, stdout]).toEqual([255, ""]);
  expect((await outcome(sshShell(served, "GET /notes/1"))).status).toBe(0);
});

for (const client of ["paramiko", "asyncssh"]) {
  itWith(["ssh", `python3-${client}`], `1 MB of command from ${client} ends its connection, and no other`, async () => {
    const served = await serveNotesOverSsh();
    const ticks = start("ssh", [...served.ssh, "GET /ticks every=20"]);
    const count = () => ticks.stdout().toString().split("\n").length;
    await until("ticks", () => count() > 3);
    const script = fileURLToPath(new URL(`clients/${client}.py`, import.meta.url));
    const { server, key, knownHosts, log } = served;
    const args = ["-W", "ignore", script, `${server.port}`, key.file, knownHosts, "-"];
    const wrong = start(PYTHON, args);
    wrong.process.stdin?.end(`STORE /notes text=${"x".repeat(1_000_000)}`);
    const { status, stdout } = await outcome(wrong);
    expect([status, stdout]).toEqual([1, ""]);
    await until("the end of its connection", () => log.with("SSH connection closed").length === 1);
    const before = count();
    await until("more ticks", () => count() > before + 3);
    expect((await outcome(sshShell(served, "GET /notes/1"))).status).toBe(0);
    ticks.process.kill();
    await ticks.ended;
  });
}

itWith(["ssh"], "hostile input on one connection does not affect the calls of another", async () => {
  const served = await serveNotesOverSsh();
  const ticks = start("ssh", [...served.ssh, "GET /ticks every=20"]);
  const count = () => ticks.stdout().toString().split("\n").length;
  await until("ticks", () => count() > 3);
  const commands = ["x".repeat(100_000), "STORE /notes 'hi", "GET /notes/%ff", "STORE /notes {]", "GET /nowhere"];
  const wrong = commands.map((command) => start("ssh", [...served.ssh, command]));
  const garbage = start("ssh", ["-s", ...served.ssh, "sshrpc"]);
  const noLines = start("ssh", ["-T", ...served.ssh]);
  for (const { process } of [...wrong, garbage, noLines]) {
    process.stdin?.end(Buffer.alloc(1_000_000, 0xff));
  }
  await Promise.all([...wrong, garbage, noLines].map(({ ended }) => ended));
  const before = count();
  await until("more ticks", () => count() > before + 3);
  ticks.process.kill();
  await ticks.ended;
});

itWith(["ssh"], "with exec and shell disabled, both are refused", async () => {
  const served = await serveNotesOverSsh({ exec: false, shell: false });
  expect((await outcome(sshShell(served, "GET /notes"))).stderr).toMatch(/exec request failed/);
  expect((await outcome(sshShell(served, ""))).stderr).toMatch(/shell request failed/);
});
