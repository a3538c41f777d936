import { existsSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { write } from "../unit/runtime/ssh/support.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { type Running, type Served, serveNotesOverSsh, start } from "./served.js";
import { itWith } from "./stock.js";

/** What is on the screen, as text. */
const shown = ({ stdout }: Running): string => stripVTControlCharacters(stdout().toString());

function type({ process }: Running, keys: string): void {
  process.stdin?.write(keys);
}

itWith(["ssh"], "ssh -t opens a prompt with completion, and ends with the status of the last call", async () => {
  const served = await serveNotesOverSsh();
  const shell = start("ssh", ["-tt", ...served.ssh]);
  await until("the prompt", () => shown(shell).endsWith("notes> "));
  expect(shown(shell)).toContain('notes 1.0.0, logged in as alice (alice@laptop). Type "help" for the list of methods');
  type(shell, "GET /note\t");
  await until("completion", () => shown(shell).endsWith("GET /notes"));
  type(shell, "/42\r");
  await until("the answer", () => shown(shell).includes('{ "id": 42, "text": "hi" }\r\nnotes> '));
  type(shell, "GET /notes/7\r");
  await until("the error", () => shown(shell).includes("NOT_FOUND: GET /notes/{id}: no such note"));
  await until("the prompt", () => shown(shell).endsWith("notes> "));
  type(shell, "exit\r");
  expect(await shell.ended).toBe(4);
});

itWith(["ssh"], "over ssh -t, Ctrl-R finds an earlier line, and Ctrl-D ends with status 0 on a new line", async () => {
  const shell = start("ssh", ["-tt", ...(await serveNotesOverSsh()).ssh]);
  await until("the prompt", () => shown(shell).endsWith("notes> "));
  type(shell, "get /notes/7\r");
  await until("the error", () => /NOT_FOUND.*notes> $/s.test(shown(shell)));
  type(shell, "\u0012s/7");
  await until("the line", () => shown(shell).endsWith("(reverse-i-search)'s/7': get /notes/7"));
  type(shell, "\r");
  await until("the error again", () => /NOT_FOUND.*NOT_FOUND.*notes> $/s.test(shown(shell)));
  type(shell, "\u0004");
  expect(await shell.ended).toBe(0);
  expect(shown(shell)).toMatch(/notes> \r\n/);
});

itWith(
  ["ssh"],
  "Ctrl-C stops a stream, not the session; Ctrl-Z has no effect; a killed ssh stops its stream",
  async () => {
    const served = await serveNotesOverSsh();
    const shell = start("ssh", ["-tt", ...served.ssh]);
    await until("the prompt", () => shown(shell).endsWith("notes> "));
    type(shell, "GET /ticks\r");
    await until("ticks", () => shown(shell).includes('{ "tick": 3 }'));
    type(shell, "\u001a\u0003");
    await until("the end of the handler", () => served.seen.includes("left"));
    await until("the prompt", () => shown(shell).endsWith("notes> "));
    type(shell, "GET /ticks\r");
    await until("ticks again", () => served.seen.filter((seen) => seen === "third").length === 2);
    shell.process.kill("SIGKILL");
    await until("the end of the handler", () => served.seen.filter((seen) => seen === "left").length === 2);
  },
);

itWith(["ssh"], "without a terminal, ssh reads commands line by line", async () => {
  const served = await serveNotesOverSsh();
  const shell = start("ssh", ["-T", ...served.ssh]);
  shell.process.stdin?.end("GET /notes/1\nSTORE /notes text=x\n");
  expect(await shell.ended).toBe(0);
  expect(shell.stdout().toString()).toBe('{"id":1,"text":"hi"}\n{"text":"x"}\n');
});

itWith(["ssh"], "a command on a terminal formats its output, with the exit status and streams of exec", async () => {
  const served = await serveNotesOverSsh();
  const call = start("ssh", ["-tt", ...served.ssh, "GET /notes/42"]);
  expect(await call.ended).toBe(0);
  expect(shown(call)).toBe('{ "id": 42, "text": "hi" }\r\n');
  const ticks = start("ssh", ["-tt", ...served.ssh, "GET /ticks"]);
  await until("ticks", () => shown(ticks).includes('{ "tick": 3 }'));
  type(ticks, "\u0003");
  expect(await ticks.ended).toBe(4);
});

itWith(["ssh"], "shell.run runs a command at login for several users, and stops it when one disconnects", async () => {
  const served = await serveNotesOverSsh({ shell: { run: "GET /ticks" } });
  const viewers = [["-T"], ["-tt"], ["-n", "-T"]].map((options) => start("ssh", [...options, ...served.ssh]));
  await until("three viewers", () => served.seen.filter((seen) => seen === "third").length === 3);
  const lines = '{"tick":1}\n{"tick":2}\n{"tick":3}\n';
  await until("lines", () => viewers[0]?.stdout().toString() === lines);
  viewers[0]?.process.kill();
  await until("one to leave", () => served.seen.includes("left"));
  expect(served.seen.filter((seen) => seen === "left")).toHaveLength(1);
});

itWith(["ssh", "expect"], "follows the size of the window", async () => {
  const served = await serveNotesOverSsh();
  const script = `
    set timeout 20
    set stty_init "columns 60 rows 10"
    spawn ssh -t {*}$argv
    expect "notes> "
    send "STORE /notes text=aaaaaaaaaaaaaaaaaaaa\\r"
    expect -re {\\{ [^\\n]*text[^\\n]*aaaaaaaaaaaaaaaaaaaa[^\\n]* \\}}
    expect "notes> "
    stty columns 20 rows 10 < $spawn_out(slave,name)
    # When the server hears of it, nothing tells: it is asked again until it answers in the new size.
    for {set attempt 0} {$attempt < 100} {incr attempt} {
      send "STORE /notes text=aaaaaaaaaaaaaaaaaaaa\\r"
      expect {
        -re {\\{\\r+\\n  [^\\n]*text} { puts "narrow"; break }
        -re {\\{ [^\\n]*text[^\\n]* \\}} { expect "notes> " }
        timeout { break }
      }
    }
    expect "notes> "
    send "exit\\r"
    expect eof
  `;
  const file = write(served.directory, "window.exp", script);
  const run = start("expect", ["-f", file, "--", ...served.ssh]);
  run.process.stdin?.end();
  await run.ended;
  expect(run.stdout().toString()).toContain("narrow");
});

/** Runs `ssh -tt` with a command at the end of a line of `sh`, such as a pipe: its input ends before the answer comes. */
async function piped({ ssh }: Served, before: string, command: string, after = ""): Promise<[unknown, string]> {
  const running = start("sh", ["-c", `${before} ssh -tt "$@" ${after}`, "sh", ...ssh, ...command.split(" ")]);
  const status = await within("its end", running.ended);
  return [status, shown(running)];
}

itWith(["ssh"], "ssh -tt prints the response after its standard input has ended, as under cron", async () => {
  const served = await serveNotesOverSsh();
  const answer = '{ "id": 8, "text": "hi" }\r\n';
  expect(await piped(served, "", "GET /notes/8", "</dev/null")).toEqual([0, answer]);
  const [status, output] = await piped(served, "echo hi |", "GET /notes/8");
  expect([status, output.endsWith(answer)]).toEqual([0, true]);
  const shell = start("sh", ["-c", 'echo GET /notes/8 | ssh -tt "$@"', "sh", ...served.ssh]);
  expect(await within("the shell's end", shell.ended)).toBe(0);
  expect(shown(shell)).toContain(answer);
});

itWith(["ssh"], "ssh -tt reads a request and a request stream from a pipe, to its end", async () => {
  const served = await serveNotesOverSsh();
  const [stored, note] = await piped(served, `printf '{"text": "no line end"}' |`, "STORE /notes -");
  expect([stored, note]).toEqual([0, expect.stringContaining('{ "text": "no line end" }\r\n')]);
  const [added, sum] = await piped(served, "printf '1\\n2\\n39' |", "STORE /sum");
  expect([added, sum]).toEqual([0, expect.stringMatching(/\n42\r\n$/)]);
  const [chatted, chat] = await piped(served, `echo '{"text":"loud"}' |`, "UPDATE /chat");
  expect([chatted, chat]).toEqual([0, expect.stringContaining('{ "text": "LOUD" }\r\n')]);
});

itWith(["ssh"], "after the end of its input, Ctrl-C or a killed ssh still cancels the call of ssh -tt", async () => {
  const served = await serveNotesOverSsh();
  const [status, output] = await piped(served, "printf 'x\\003' |", "GET /ticks");
  expect([status, output]).toEqual([4, expect.stringContaining("CANCELLED")]);
  served.seen.length = 0;
  const running = start("ssh", ["-n", "-tt", ...served.ssh, "GET /ticks every=20"]);
  await until("ticks after the end of the input", () => shown(running).includes('{ "tick": 9 }'));
  expect(served.seen).toEqual(["third"]);
  running.process.kill("SIGKILL");
  await until("the handler's end", () => served.seen.includes("left"));
});

itWith(["ssh"], "killing a multiplexed ssh -tt cancels its call, not the connection", async () => {
  const served = await serveNotesOverSsh();
  const control = join(served.directory, "control");
  const master = start("ssh", ["-M", "-N", "-S", control, ...served.ssh]);
  await until("the connection", () => existsSync(control));
  const running = start("ssh", ["-tt", "-S", control, ...served.ssh, "GET /ticks every=20"]);
  await until("ticks", () => shown(running).includes('{ "tick": 9 }'));
  running.process.kill("SIGKILL");
  await until("the handler's end", () => served.seen.includes("left"));
  expect(master.process.exitCode).toBe(null);
});
