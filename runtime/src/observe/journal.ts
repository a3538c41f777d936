import { fstatSync } from "node:fs";

/** The priorities of syslog(3) that journald reads at the beginning of a line (sd-daemon(3)). */
const PRIORITIES: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Whether standard error is a stream of journald: systemd names it by device and inode in `JOURNAL_STREAM`. */
export function isJournal(
  stderr: object,
  { JOURNAL_STREAM: stream }: Readonly<Record<string, string | undefined>>,
): boolean {
  const { fd } = stderr as { readonly fd?: number };
  if (stream === undefined || fd === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** A JSON line with its priority in front, which journald removes: `journalctl -p warning` then shows it. */
export function withPriority(line: string): string {
  const level = /^\{"level":"(\w+)"/.exec(line)?.[1] ?? "info";
  return `<${PRIORITIES[level] ?? PRIORITIES["info"]}>${line}`;
}
