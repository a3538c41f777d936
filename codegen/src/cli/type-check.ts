import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { setPriority } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { CodegenIo } from "./io.js";

/** A diagnostic of tsc without `--pretty`: `handlers.ts(12,5): error TS2322: …`. */
const DIAGNOSTIC = /^(.+)\((\d+),(\d+)\): (error TS\d+: .*)$/;

/** The maximum number of lines that one check prints. */
const MAX_LINES = 40;

/** Checks the types of a project with its own compiler, in a process of its own, so that the server need not wait. */
export class TypeCheck {
  readonly #io: CodegenIo;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #hasErrors = false;
  #isClosed = false;

  constructor(args: readonly string[], io: CodegenIo) {
    this.#args = args;
    this.#io = io;
  }

  /** Starts a check. One that still runs is stopped, because its files have changed. */
  run(): void {
    this.#stop();
    if (this.#isClosed) return;
    const { execPath, env } = this.#io;
    const child = spawn(execPath, this.#args, {
      ...{ cwd: this.#io.cwd(), env: { ...env }, stdio: ["ignore", "pipe", "ignore"] },
    });
    this.#child = child;
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.on("error", () => undefined);
    child.on("close", (code) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#report(code ?? 1, text);
    });
    try {
      // The server and its callers come first.
      setPriority(child.pid ?? 0, 10);
    } catch {} // The process may have ended.
  }

  /** Stops a check that runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    this.#stop();
    if (child?.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  #stop(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }

  #report(code: number, text: string): void {
    const lines = text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => line.replace(DIAGNOSTIC, "$1:$2:$3: $4"));
    if (code !== 0) {
      const more = lines.length > MAX_LINES ? [`type check: ${lines.length - MAX_LINES} more lines`] : [];
      this.#io.stderr.write([...lines.slice(0, MAX_LINES), ...more].map((line) => `${line}\n`).join(""));
    } else if (this.#hasErrors) this.#io.stdout.write("type check: no errors\n");
    this.#hasErrors = code !== 0;
  }
}

/**
 * The check of the project that a file or folder belongs to: the nearest tsconfig.json at or above it, within the working directory.
 * @returns undefined where there is none; a message where TypeScript is not installed
 */
export function typeCheckOf(file: string, io: CodegenIo): TypeCheck | string | undefined {
  const path = resolve(io.cwd(), file);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const config = findConfig(isFolder ? path : dirname(path), io.cwd());
  if (config === undefined) return undefined;
  const compiler = findCompiler(config);
  if (compiler === undefined) return "no type check: npm install --save-dev typescript";
  return new TypeCheck([compiler, "--noEmit", "--pretty", "false", "--project", config], io);
}

function findConfig(folder: string, root: string): string | undefined {
  const config = join(folder, "tsconfig.json");
  if (existsSync(config)) return config;
  const parent = dirname(folder);
  return folder === root || parent === folder ? undefined : findConfig(parent, root);
}

/** The program tsc of the project. */
function findCompiler(config: string): string | undefined {
  try {
    const manifest = createRequire(config).resolve("typescript/package.json");
    const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly bin?: { readonly tsc?: string } };
    return bin?.tsc === undefined ? undefined : join(dirname(manifest), bin.tsc);
  } catch {
    return undefined;
  }
}
