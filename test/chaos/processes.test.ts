import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { until, within } from "../unit/runtime/support/wait.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A run of `npm run test:chaos`, once its clients are connected and a process of its own was stopped or killed. */
async function running(): Promise<{ child: ChildProcess; directory: string }> {
  const args = ["node_modules/jiti/lib/jiti-cli.mjs", "test/chaos/main.ts", "--minutes", "1", "--clients", "3"];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await until("the clients", () => text.includes("clients are connected"));
  const [, directory = ""] = /files in (\S+)/.exec(text) ?? [];
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  expect(processesOf(directory).length).toBeGreaterThanOrEqual(3);
  await until("a fault", () => /"kind":"(?:kill|stop)"/.test(readFileSync(`${directory}/faults.jsonl`, "utf8")));
  return { child, directory };
}

/** The processes that have this directory in their command line. */
function processesOf(directory: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${directory}/`);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

test("a run that is killed leaves no process behind", { timeout: 120_000 }, async () => {
  const { child, directory } = await running();
  child.kill("SIGKILL");
  await until("the end of all processes", () => processesOf(directory).length === 0);
});

test("a run that is interrupted ends its processes first, and exits with status 130", {
  timeout: 120_000,
}, async () => {
  const { child, directory } = await running();
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  expect(await within("the exit", exit)).toEqual([130, null]);
  expect(processesOf(directory)).toEqual([]);
});
