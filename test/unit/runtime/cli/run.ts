import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const BIN = fileURLToPath(new URL("../../../../runtime/bin/sshrpc.js", import.meta.url));

/** How a command ended. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `sshrpc` as compiled, in an empty directory with an empty home, and kills it where it does not end. */
export async function sshrpc(
  args: readonly string[],
  options: { readonly cwd?: string; readonly stdin?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const cwd = options.cwd ?? tempDir();
  const env = { ...process.env, HOME: cwd, SSH_AUTH_SOCK: "", NO_COLOR: "1", NODE_OPTIONS: "", ...options.env };
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env, timeout: 45_000, killSignal: "SIGKILL" });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  }
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve(code));
  });
  return { status, ...text };
}

/** A directory that goes away with the test, with these files in it. */
export function tempDir(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-cli-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}
