import { close, open } from "node:fs";
import type { Server } from "node:net";
import { devNull } from "node:os";
import type { Observer } from "../../base/observer/observer.js";

/** How often the process is checked for free file descriptors, in milliseconds. */
const INTERVAL = 1000;

/** Milliseconds between two reports of the same error. */
const PERIOD = 60_000;

const MESSAGES: Readonly<Record<string, string>> = {
  EMFILE: "no free file descriptors: new connections are closed; raise the limit of the process (ulimit -n)",
  ENFILE: "no free file descriptors on this machine: new connections are closed; raise fs.file-max",
};

/**
 * Reports the errors of a listening server, each once per minute, because they can occur with every connection. Without free file
 * descriptors, Node closes new connections and reports nothing, so the server opens a file each second to notice that.
 * @returns a function that stops it
 */
export function reportServerErrors(server: Server, observer: Observer): () => void {
  const reported = new Map<string, number>();
  let isShort = false;
  const report = (error: NodeJS.ErrnoException): void => {
    const { code = "" } = error;
    isShort ||= Object.hasOwn(MESSAGES, code);
    const now = performance.now();
    if (now - (reported.get(code) ?? Number.NEGATIVE_INFINITY) < PERIOD) return;
    reported.set(code, now);
    observer.diagnostic?.({ level: "error", message: MESSAGES[code] ?? "TCP server failed", error });
  };
  server.on("error", report);
  let isChecking = false;
  const timer = setInterval(() => {
    if (isChecking) return;
    isChecking = true;
    open(devNull, "r", (error, descriptor) => {
      isChecking = false;
      if (error !== null) {
        if (Object.hasOwn(MESSAGES, error.code ?? "")) report(error);
        return;
      }
      close(descriptor, () => undefined);
      if (!isShort) return;
      isShort = false;
      observer.diagnostic?.({
        level: "info",
        message: "file descriptors are free again: new connections are accepted",
      });
    });
  }, INTERVAL).unref();
  return () => clearInterval(timer);
}
