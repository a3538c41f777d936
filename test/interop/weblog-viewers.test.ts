import { appendFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { Workplace } from "../examples/support.js";
import { until } from "../unit/runtime/support/wait.js";
import { type Running, start } from "./served.js";
import { sshOptions } from "./sshd.js";
import { itWith } from "./stock.js";

/** Timeout in ms of tests that start the example server on a shared machine. */
const SLOW = 60_000;

/** The resources of the hits that a viewer has received. */
function shown({ stdout }: Running): string[] {
  const lines = stdout().toString().split("\n").slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { resource: string }).resource);
}

itWith(
  ["ssh"],
  "several users with only ssh watch one log at once, and one who leaves does not affect the others",
  async () => {
    await using place = new Workplace("");
    const visit = (resource: string) => {
      const line = `192.0.2.7 - - [31/Jan/2026:12:00:00 +0100] "GET ${resource} HTTP/1.1" 200 512 "-" "curl/8"\n`;
      appendFileSync(place.log, line);
    };
    writeFileSync(place.log, "");
    visit("/begin");
    const { port } = await place.serve();
    const ssh = [...sshOptions({ ...place.keys, port }), "alice@127.0.0.1", "GET /weblog follow=true"];
    const viewers = [[], ["-n"], ["-T"], ["-v"]].map((options) => start("ssh", [...options, ...ssh]));
    const all = (...resources: string[]) => viewers.every((viewer) => `${shown(viewer)}` === `${resources}`);
    await until("everybody", () => all("/begin"));
    visit("/one");
    await until("the next visit", () => all("/begin", "/one"));
    const [gone, ...others] = viewers;
    gone?.process.kill("SIGKILL");
    await gone?.ended;
    visit("/two");
    await until("those who stay", () => others.every((viewer) => shown(viewer).at(-1) === "/two"));
    expect(gone && shown(gone)).toEqual(["/begin", "/one"]);
  },
  SLOW,
);
