import type { CliIo } from "../shared/io.js";
import { PARENT } from "../takeover/predecessor.js";

/** Milliseconds between two looks. */
const LOOK = 500;

/**
 * Notices that the program is gone which started this process, and which nothing else tells of: `npx` and `npm run` start commands in a shell,
 * and at SIGTERM only the shell ends. Other parents may end, such as the shell of a background job.
 */
export function watchParent(io: CliIo): { readonly ended: Promise<"parent">; stop(): void } {
  const { ppid: first, env } = io;
  let timer: NodeJS.Timeout | undefined;
  const isWatched = env["npm_command"] !== undefined || env[PARENT] !== undefined;
  const ended = new Promise<"parent">((resolve) => {
    if (first === undefined || first <= 1 || !isWatched) return;
    timer = setInterval(() => {
      if (io.ppid !== first) resolve("parent");
    }, LOOK).unref();
  });
  return { ended, stop: () => clearInterval(timer) };
}
