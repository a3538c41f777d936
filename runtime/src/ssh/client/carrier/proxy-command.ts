import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { JoinedDuplex } from "../../../base/joined-duplex.js";
import { printable } from "../../../base/printable.js";
import { SshError } from "../../ssh-error.js";

/** Bytes of standard error that are kept for messages. */
const MAX_STDERR = 1024;

/** Milliseconds in which the command must exit after its output has ended, and after SIGTERM. */
const GRACE = 1000;

/** Runs a ProxyCommand (ssh_config(5)) in the user's shell; the duplex is its standard input and output, and ends it. */
export function runProxyCommand(command: string): Duplex {
  const shell = process.env["SHELL"] ?? "/bin/sh";
  // A process group of its own, so that the whole of a pipeline ends.
  const child = spawn(shell, ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let stderr = "";
  let end: string | undefined;
  child.stderr
    .on("error", () => undefined)
    .on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-MAX_STDERR);
    });
  const exited = new Promise<void>((resolve) => {
    child.on("error", (error) => {
      end = `cannot be run: ${error.message}`;
      resolve();
    });
    child.on("close", (code, signal) => {
      end ??= `ended with ${signal ?? `status ${code}`}`;
      resolve();
    });
  });
  const kill = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined && end === undefined) process.kill(-child.pid, signal);
    } catch {
      // It has just exited.
    }
  };
  const atExit = (): void => kill("SIGTERM");
  process.on("exit", atExit);
  void exited.then(() => process.off("exit", atExit));
  return new JoinedDuplex(child.stdout, child.stdin, {
    reason: async () => {
      await Promise.race([exited, delay(GRACE)]);
      const said = printable(stderr.trim().split("\n").at(-1) ?? "");
      return new SshError("unavailable", `the ProxyCommand ${end ?? "closed its output"}${said && `: ${said}`}`);
    },
    release: async () => {
      kill("SIGTERM");
      child.stdin.destroy();
      child.stdout.destroy();
      await Promise.race([exited, delay(GRACE)]);
      kill("SIGKILL");
    },
  });
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
}
