import { fileURLToPath } from "node:url";
import { expect, expectTypeOf, test } from "vitest";
import type { run } from "../../../../runtime/src/cli/main.js";
import { sshrpc, start, tempDir } from "./run.js";

const HANDLERS = fileURLToPath(new URL("../../../../examples/server.ts", import.meta.url));

test("a process has all members that commands use", () => {
  expectTypeOf<NodeJS.Process>().toExtend<Parameters<typeof run>[1]>();
});

test("two servers run in one process, and each ends at its own signal", async () => {
  const args = ["serve", "--handlers", HANDLERS, "--port", "0"];
  const [first, second] = [start(args), start(args)];
  await Promise.all([first.prints(/listens on/), second.prints(/listens on/)]);
  first.signal("SIGINT");
  expect(await first.ended).toMatchObject({ status: 0 });
  const cwd = tempDir();
  expect(await sshrpc(["keys", "init"], { cwd })).toMatchObject({ status: 0 });
  second.signal("SIGTERM");
  expect(await second.ended).toMatchObject({ status: 0 });
});

test("a server writes its log to standard error", async () => {
  const server = start(["serve", "--handlers", HANDLERS, "--port", "0"]);
  await server.prints(/listens on/);
  expect(server.output().stderr).toMatch(/^\{"level":"warn",.*no authorized keys; add one/);
});

test("only a command that runs the schema ends the process at once, with its status", async () => {
  const gen = start(["gen"]);
  expect(await gen.ended).toMatchObject({ status: 1, stderr: expect.stringContaining("no such file") });
  expect(gen.exits).toEqual([1]);
  const keys = start(["keys", "init"]);
  await keys.ended;
  expect(keys.exits).toEqual([]);
});

test("help fits the width of a terminal", async () => {
  const [wide, narrow] = await Promise.all(
    [200, 90].map((columns) => sshrpc(["serve", "--help"], { terminal: { columns } })),
  );
  const longest = (text = "") => Math.max(...text.split("\n").map((line) => line.length));
  expect(longest(narrow?.stdout)).toBeLessThanOrEqual(90);
  expect(longest(wide?.stdout)).toBeGreaterThan(100);
});

/** The entries of a section of a help text, such as Options, with their descriptions. */
function entriesOf(help: string, section: string): string[][] {
  const [, body = ""] = new RegExp(`^${section}:\\n((?: +.*\\n)+)`, "m").exec(help) ?? [];
  // A description goes on in lines that are indented further.
  const entries = body.split(/^ {2}(?! )/m).slice(1);
  return entries.map((entry) => entry.trim().split(/ {2,}|\n\s+/));
}

test("help describes each command, argument and option", async () => {
  const commands: string[][] = [[]];
  for (const command of commands) {
    const { status, stdout } = await sshrpc([...command, "--help"], { terminal: { columns: 200 } });
    expect(status).toBe(0);
    const help = `${stdout}\n`;
    for (const section of ["Arguments", "Options", "Commands"]) {
      for (const entry of entriesOf(help, section))
        expect(entry, `${command.join(" ")}: ${entry[0]}`).not.toHaveLength(1);
    }
    const names = entriesOf(help, "Commands").map(([term = ""]) => term.split(" ")[0] as string);
    commands.push(...names.filter((name) => name !== "help").map((name) => [...command, name]));
  }
  expect(commands).toContainEqual(["keys", "generate"]);
  expect(commands.length).toBeGreaterThan(12);
});
