import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_TIMEOUT } from "../../base/check-number.js";
import { logObserver } from "../../observe/log-observer.js";
import { type OpenLog, openLogOf } from "../../observe/open-log.js";
import { SIGNAL_GRACE } from "../../server/check-grace.js";
import type { Settings } from "../config/settings.js";
import { type ServerSockets, serverSockets } from "../listen/server-sockets.js";
import { Processes } from "../processes/processes.js";
import { LAST_GRACE } from "../shared/defaults.js";
import { type CliIo, stopSignal } from "../shared/io.js";
import type { Predecessor } from "../takeover/predecessor.js";
import type { Hangup } from "./hangup.js";
import { METRICS_TOPIC, openMergedMetrics } from "./metrics-port.js";
import { flagsOf } from "./serve-at.js";
import { logFlags, type ServeFlags } from "./serve-flags.js";
import { serviceManager } from "./service-manager.js";
import { watchParent } from "./watch-parent.js";

interface PrimaryConfig {
  readonly settings: Settings;
  readonly predecessor: Predecessor | undefined;
  readonly hangup: Hangup;
}

/** Serves with several processes: this one listens, and gives them the connections. It ends when they have ended. */
export async function servePrimary({ settings, predecessor, hangup }: PrimaryConfig, io: CliIo): Promise<void> {
  const flags = flagsOf(settings);
  const sockets = await serverSockets(flags, io, { predecessor, pauseOnConnect: true });
  await using log = await openLogOf(io, logFlags(flags, io));
  // The processes connect to each other there: its user alone may enter it.
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-"));
  try {
    await serveIn(directory, { ...{ flags, sockets, log, hangup } }, io);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface ServeConfig {
  readonly flags: ServeFlags;
  readonly sockets: ServerSockets;
  readonly log: OpenLog;
  readonly hangup: Hangup;
}

async function serveIn(directory: string, { flags, sockets, log, hangup }: ServeConfig, io: CliIo): Promise<void> {
  const { source } = sockets;
  const processes: Processes = new Processes({
    ...{ io, log, directory, count: flags.processes ?? 1 },
    listen: () => source.open((socket) => processes.give(socket), logObserver(log).observer),
    introduce: (text) => void io.stdout.write(text),
  });
  const collect = (): Promise<readonly unknown[]> => processes.ask(METRICS_TOPIC, undefined);
  const metrics = await openMergedMetrics(flags.metrics, log, { socket: sockets.metrics, collect });
  const parent = watchParent(io);
  const manager = serviceManager(io, log);
  let took: (reason: "takeover") => void = () => undefined;
  const taken = new Promise<"takeover">((resolve) => {
    took = resolve;
  });
  const stop = stopSignal<string>(io, Promise.race([hangup.closed, parent.ended, taken]));
  void stop.then(() => endAtSignal(processes, io));
  try {
    const failed = processes.start().then((status) => {
      if (status !== undefined) throw new FirstProcessError(status);
    });
    if ((await Promise.race([failed, stop])) === undefined) {
      const successors = await sockets.listening(log, metrics.descriptor);
      void successors?.taken.then(took);
      hangup.onReload(() => processes.reload());
      manager.ready(`pid ${io.pid}, ${flags.processes} processes`);
      if (manager.watchdog !== undefined) processes.watch(manager.watchdog);
      const reason = await stop;
      hangup.onReload(undefined);
      log.info({ signal: reason }, "the processes drain and end");
      manager.stopping();
      await successors?.close();
    }
    const reason = await stop;
    // After a takeover nothing more is accepted here; else the processes decide, which may delay their end.
    if (reason === "takeover") void source.close();
    void processes.stopped.then(() => source.close());
    const { grace = SIGNAL_GRACE, shutdownDelay = 0 } = flags;
    const patience = Math.min(shutdownDelay + grace + LAST_GRACE, MAX_TIMEOUT);
    await processes.close(reason === "takeover" ? "takeover" : "primary", patience);
  } catch (error) {
    processes.kill();
    void source.close();
    took("takeover");
    throw error;
  } finally {
    parent.stop();
    manager.close();
    await metrics.close();
  }
}

/** The second signal ends all processes at once: one whose event loop hangs would not notice that this one is gone. */
function endAtSignal(processes: Processes, io: CliIo): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const listener = (): void => {
      processes.kill();
      io.off(signal, listener);
      io.kill?.(io.pid, signal);
    };
    io.on(signal, listener);
  }
}

/** The first process has ended before it served. It has said why. */
class FirstProcessError extends Error {
  readonly isReported = true;
  readonly exitCode: number;

  constructor(status: number) {
    super("the first process ended before it served");
    this.exitCode = status;
  }
}
