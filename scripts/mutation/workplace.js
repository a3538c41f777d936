// A copy of the repository in which mutants are put in place, one at a time.
import { spawn } from "node:child_process";
import { constants, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const FOLDERS = ["node_modules", "runtime/node_modules", "codegen/node_modules"];
/** Tests that only check how the repository is packed, or themselves. */
const NOT_RUN = ["test/package/**", "test/layers/**", "test/types/**", "test/unit/stall-reporter.test.ts"];

/** Its creator removes it. */
export class Workplace {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "sshrpc-mutation-")));
  /** The program that runs in it. */
  #running;

  /** @param files what is copied, beside the packages */
  constructor(root, files) {
    for (const file of files) {
      mkdirSync(dirname(join(this.folder, file)), { recursive: true });
      cpSync(join(root, file), join(this.folder, file));
    }
    // Where the file system shares blocks, a copy of the packages takes no space.
    const options = { recursive: true, verbatimSymlinks: true, force: false, mode: constants.COPYFILE_FICLONE };
    for (const folder of FOLDERS) cpSync(join(root, folder), join(this.folder, folder), options);
  }

  /** Ends what runs in it. */
  remove() {
    if (this.#running !== undefined) process.kill(-this.#running.pid, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  compile() {
    return this.#program([join(this.folder, "node_modules/.bin/tsc"), "-b", "runtime", "codegen"], {});
  }

  vitest(args, options) {
    const excluded = NOT_RUN.flatMap((pattern) => ["--exclude", pattern]);
    return this.#program([join(this.folder, "node_modules/vitest/vitest.mjs"), "run", ...excluded, ...args], options);
  }

  /**
   * Runs a program of Node. Its status is undefined if the timeout, in ms, ended it.
   * @param {string[]} args
   * @param {{ env?: object, stdio?: "pipe" | "inherit" | "ignore", timeout?: number }} options
   * @returns {Promise<{ status: number | undefined, output: string }>}
   */
  #program(args, { env = {}, stdio = "pipe", timeout }) {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, args, {
        cwd: this.folder,
        env: { ...process.env, NO_COLOR: "1", ...env },
        stdio: ["ignore", stdio, stdio],
        detached: true, // A process group of its own, so that a timeout also ends the programs that tests have started.
      });
      this.#running = child;
      const timer = timeout === undefined ? undefined : setTimeout(() => process.kill(-child.pid, "SIGKILL"), timeout);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk) => {
          output = (output + chunk).slice(-100_000);
        });
      }
      child.on("error", reject);
      child.on("close", (code, signal) => {
        clearTimeout(timer);
        this.#running = undefined;
        resolve({ status: signal === null ? code : undefined, output });
      });
    });
  }
}
