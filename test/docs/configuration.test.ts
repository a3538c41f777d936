import { expect, test } from "vitest";
import { RELOADABLE } from "../../runtime/src/compose/serve-options.js";
import { sshrpc, tempDir } from "../unit/runtime/cli/run.js";
import { block, blocksOf, readPage, typed } from "./pages.js";

const PAGE = "docs/configuration.md";
const commands = blocksOf(PAGE)
  .filter(({ language }) => language === "console")
  .flatMap(({ text }) => typed(text));

test("the config file of docs/configuration.md is valid, and its commands print what the page shows", async () => {
  const wrong = '{ "serve": {\n           "authorizedKey": "a", "grace": "soon" } }';
  const cwd = tempDir({ "sshrpc.config.json": block(PAGE, '{\n  "home"'), "wrong.json": wrong });
  expect(commands).toHaveLength(2);
  for (const { command, printed } of commands) {
    const [, variable = "", value = "", words = ""] = /^(?:(SSHRPC_\w+)=(\S+) )?npx sshrpc (.*)$/.exec(command) ?? [];
    const { stdout, stderr } = await sshrpc(words.split(" "), {
      cwd,
      env: variable === "" ? {} : { [variable]: value },
    });
    expect(`${stdout}${stderr}`.replaceAll(/ +$/gm, "")).toBe(printed.replaceAll(/ +$/gm, ""));
  }
  expect(await sshrpc(["config"], { cwd })).toMatchObject({ status: 0, stderr: "" });
});

test("docs/configuration.md lists each option that a running server takes", () => {
  const [, table = ""] = /## Reloading([\s\S]*?)\n\nWhat is held/.exec(readPage(PAGE)) ?? [];
  const [taken = ""] = table.split("| after a restart");
  expect(RELOADABLE.filter((name) => !taken.includes(`\`${name.replace("limits.", "")}\``))).toEqual([]);
});
