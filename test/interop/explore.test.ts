import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { until } from "../unit/runtime/support/wait.js";
import { serveNotesOverSsh, start } from "./served.js";
import { itWith } from "./stock.js";

const UP = "\u001b[A";
const GREEN = "\u001b[32m";

itWith(["ssh"], "ssh -t recalls lines, also in the next session, describes methods and colors responses", async () => {
  const served = await serveNotesOverSsh();
  const open = async () => {
    const shell = start("ssh", ["-tt", ...served.ssh], { env: { ...process.env, TERM: "xterm-256color" } });
    const screen = () => stripVTControlCharacters(`${shell.stdout()}`);
    const type = (keys: string) => void shell.process.stdin?.write(keys);
    await until("the prompt", () => screen().endsWith("notes> "));
    return { shell, screen, type };
  };
  const answer = '{ "id": 5, "text": "hi" }\r\nnotes> ';
  const first = await open();
  first.type("GET /notes/5\r");
  await until("the answer", () => first.screen().endsWith(answer));
  expect(`${first.shell.stdout()}`).toContain(`${GREEN}"hi"`);
  first.type(`${UP}\r`);
  await until("the answer again", () => first.screen().split(answer).length === 3);
  first.type("describe /notes/{id}\r");
  await until("the description", () => /"response"[\s\S]*notes> $/.test(first.screen()));
  first.type("exit\r");
  expect(await first.shell.ended).toBe(0);
  const second = await open();
  second.type(`${UP}${UP}\r`);
  await until("the description", () => /describe \/notes[\s\S]*"response"[\s\S]*notes> $/.test(second.screen()));
  second.type("\u0004");
  expect(await second.shell.ended).toBe(0);
});
