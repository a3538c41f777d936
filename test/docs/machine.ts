import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** What a command has printed, on both streams, and its exit status. */
export interface Done {
  readonly output: string;
  readonly status: number;
}

/** The root of the machine that is copied: a clean Debian with Node and npm, or the machine of the tests. */
const ROOT = process.env["PRODUCTION_ROOT"] ?? "/";

/**
 * A machine for one test: a copy of a root file system whose changes go to memory, in a mount namespace of its own. Commands run in it as root,
 * one after the other, in one shell. Its network and its processes are those of the machine of the tests.
 */
export class Machine {
  readonly #shell: ChildProcess;
  readonly #directory: string;
  #output = "";
  #count = 0;

  private constructor(shell: ChildProcess, directory: string) {
    this.#shell = shell;
    this.#directory = directory;
    for (const stream of [shell.stdout, shell.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
  }

  /** Whether this machine allows it: the tests run as root, with overlayfs. */
  static get isPossible(): boolean {
    return userIsRoot() && existsSync("/proc/self/ns/mnt") && existsSync(ROOT);
  }

  static async start(): Promise<Machine> {
    const directory = mkdtempSync(join(tmpdir(), "sshrpc-machine-"));
    const setup = `set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
for name in proc dev sys; do mount --rbind "/$name" "$1/root/$name"; done
cp /etc/resolv.conf "$1/root/etc/resolv.conf" 2>/dev/null || true
exec chroot "$1/root" /bin/sh`;
    const shell = spawn("unshare", ["--mount", "sh", "-c", setup, "sh", directory, ROOT], {
      env: {
        ...process.env,
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/root",
        NODE_OPTIONS: "",
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const ended = once(shell, "exit");
    onTestFinished(async () => {
      shell.stdin?.end();
      shell.kill("SIGKILL");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    });
    const machine = new Machine(shell, directory);
    const { output } = await machine.run("echo works");
    if (!output.includes("works")) throw new Error(`no machine: ${output}`);
    return machine;
  }

  /** Runs commands in the shell of the machine: a `cd` has effect on the next ones. */
  async run(script: string): Promise<Done> {
    this.#count += 1;
    const end = `END-${this.#count}-`;
    const start = this.#output.length;
    this.#shell.stdin?.write(`{ ${script}\n} 2>&1 </dev/null\necho "${end}$?"\n`);
    for (;;) {
      const text = this.#output.slice(start);
      const found = new RegExp(`${end}(\\d+)\\n`).exec(text);
      if (found !== null) return { output: text.slice(0, found.index), status: Number(found[1]) };
      if (this.#shell.exitCode !== null) throw new Error(`the machine ended: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Writes a file. */
  async write(path: string, text: string, mode = "0644"): Promise<void> {
    const base64 = Buffer.from(text).toString("base64");
    const { status, output } = await this.run(
      `install -D -m ${mode} /dev/null ${path} && printf %s ${base64} | base64 -d > ${path}`,
    );
    if (status !== 0) throw new Error(output);
  }

  /** The directory of its root on the machine of the tests, in its mount namespace only. */
  get root(): string {
    return `${this.#directory}/root`;
  }
}

function userIsRoot(): boolean {
  return process.getuid?.() === 0;
}
