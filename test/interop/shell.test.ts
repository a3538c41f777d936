import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { write } from "../unit/runtime/ssh/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { type Running, serveNotesOverSsh, start } from "./served.js";
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
  expect(shown(shell)).toContain('notes 1.0.0, as alice (alice@laptop). "help" lists what you may call');
  type(shell, "GET /note\t");
  await until("completion", () => shown(shell).endsWith("GET /notes"));
  type(shell, "/42\r");
  await until("the answer", () => shown(shell).includes('{ "id": 42, "text": "hi" }\r\nnotes> '));
  type(shell, "GET /notes/7\r");
  await until("the error", () => shown(shell).includes("NOT_FOUND: GET /notes/{id}: no such note"));
  await until("the prompt", () => shown(shell).endsWith("notes> "));
  type(shell, "\u0004");
  expect(await shell.ended).toBe(4);
});

itWith(
  ["ssh"],
  "Ctrl-C stops a stream and leaves the session; Ctrl-Z stops nobody; a killed ssh stops its stream",
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

itWith(["ssh"], "a command on a terminal prints for people; exit status and streams are those of exec", async () => {
  const served = await serveNotesOverSsh();
  const call = start("ssh", ["-tt", ...served.ssh, "GET /notes/42"]);
  expect(await call.ended).toBe(0);
  expect(shown(call)).toBe('{ "id": 42, "text": "hi" }\r\n');
  const ticks = start("ssh", ["-tt", ...served.ssh, "GET /ticks"]);
  await until("ticks", () => shown(ticks).includes('{ "tick": 3 }'));
  type(ticks, "\u0003");
  expect(await ticks.ended).toBe(4);
});

itWith(
  ["ssh"],
  "a server may name what whoever logs in sees at once: several watch, and one that leaves is forgotten",
  async () => {
    const served = await serveNotesOverSsh({ shell: { run: "GET /ticks" } });
    const viewers = [["-T"], ["-tt"], ["-n", "-T"]].map((options) => start("ssh", [...options, ...served.ssh]));
    await until("three viewers", () => served.seen.filter((seen) => seen === "third").length === 3);
    const lines = '{"tick":1}\n{"tick":2}\n{"tick":3}\n';
    await until("lines", () => viewers[0]?.stdout().toString() === lines);
    viewers[0]?.process.kill();
    await until("one to leave", () => served.seen.includes("left"));
    expect(served.seen.filter((seen) => seen === "left")).toHaveLength(1);
  },
);

itWith(["ssh", "expect"], "the window's size is followed while it changes", async () => {
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
