import { spawn } from "node:child_process";
import type { Logger } from "../../base/log.js";
import type { CliIo } from "../shared/io.js";

/** systemd, as a service of `Type=notify` sees it (sd_notify(3)). */
interface ServiceManager {
  /** Milliseconds in which an event loop has to give a sign; undefined without a watchdog. */
  readonly watchdog: number | undefined;
  /** The server takes connections. The watchdog gets signs from now on, until the process ends. */
  ready(status: string): void;
  /** The server drains. */
  stopping(): void;
  /** Ends the signs for the watchdog. */
  close(): void;
}

/** Without one. */
const NONE: ServiceManager = { watchdog: undefined, ready: () => {}, stopping: () => {}, close: () => {} };

/**
 * The service manager that has started this process, by `NOTIFY_SOCKET` and `WATCHDOG_USEC`. Node has no datagram Unix sockets, so the program
 * systemd-notify sends the messages: the unit needs `NotifyAccess=all`. A handler that blocks the event loop stops the signs for the watchdog.
 */
export function serviceManager({ env, pid }: CliIo, log: Logger): ServiceManager {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === "") return NONE;
  let hasFailed = false;
  const notify = (...assignments: readonly string[]): void => {
    const child = spawn("systemd-notify", assignments, { env: { NOTIFY_SOCKET, PATH }, stdio: "ignore" });
    child.once("error", (error) => {
      if (!hasFailed)
        log.error({ err: error }, "cannot run systemd-notify: systemd does not learn that the server is ready");
      hasFailed = true;
    });
    child.unref();
  };
  const isWatched = WATCHDOG_USEC !== undefined && (WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid));
  const watchdog = isWatched ? Number(WATCHDOG_USEC) / 1000 : undefined;
  let timer: NodeJS.Timeout | undefined;
  return {
    watchdog,
    ready: (status) => {
      notify("READY=1", `STATUS=${status}`);
      if (watchdog !== undefined) timer = setInterval(() => notify("WATCHDOG=1"), watchdog / 2).unref();
    },
    stopping: () => notify("STOPPING=1", "STATUS=draining"),
    close: () => clearInterval(timer),
  };
}
