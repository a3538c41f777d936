import { workerOf } from "../processes/worker.js";
import type { CliIo } from "../shared/io.js";
import { predecessorOf } from "../takeover/predecessor.js";
import { controlPath } from "../takeover/runtime-directory.js";
import { connectToRunning, startSuccessor } from "../takeover/start-successor.js";
import { onHangup } from "./hangup.js";
import { ownPlace } from "./own-place.js";
import { flagsOf, type PortSettings, serveAt } from "./serve-at.js";
import { servePrimary } from "./serve-primary.js";
import { workerPlace } from "./worker-place.js";

/**
 * `sshrpc serve` without `--stdio`: serves until it is stopped, in this process, or in several that this one starts. With `--takeover` and a
 * server that runs, the server is a child process, and this one waits for its end.
 */
export async function serveOnPort(given: PortSettings, io: CliIo): Promise<void> {
  const { settings } = given;
  const flags = flagsOf(settings);
  // From here on: a reload that is asked for while the server starts must not end it.
  const hangup = onHangup(io);
  const worker = workerOf(io);
  const predecessor = flags.takeover && worker === undefined ? predecessorOf(io) : undefined;
  try {
    if (worker !== undefined) {
      await serveAt(workerPlace(worker, flags), { ...given, hangup }, io);
      return;
    }
    if (flags.takeover && predecessor === undefined) {
      const running = await connectToRunning(controlPath(flags, io));
      if (running !== undefined) {
        const status = await startSuccessor(running, io);
        if (status !== 0) io.exit(status);
        return;
      }
    }
    if ((flags.processes ?? 1) > 1) {
      await servePrimary({ settings, predecessor, hangup }, io);
      return;
    }
    await serveAt(await ownPlace(flags, predecessor, io), { ...given, hangup }, io);
  } finally {
    // The channels would keep the process alive.
    worker?.leave();
    predecessor?.leave();
    hangup.stop();
  }
}
