import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { printable } from "../../base/printable.js";
import { UsageError } from "../shared/failure.js";
import type { CliIo } from "../shared/io.js";

/** The first inherited descriptor (SD_LISTEN_FDS_START of sd_listen_fds(3)). */
const FIRST = 3;

/** More than any unit has. */
const MOST = 64;

/** The name of a socket for metrics; every other name, such as that of the unit, is one for connections. */
const METRICS = "metrics";

/** The descriptors that systemd or another program has passed to this process. */
interface InheritedSockets {
  readonly ssh: readonly number[];
  readonly metrics: number | undefined;
}

/**
 * The sockets of `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES` (sd_listen_fds(3)); undefined without any for this process.
 * @throws UsageError that names each descriptor that is not a TCP socket which listens
 */
export function inheritedSockets({ env, pid }: CliIo): InheritedSockets | undefined {
  const { LISTEN_FDS: count, LISTEN_PID: owner, LISTEN_FDNAMES: nameList = "" } = env;
  if (count === undefined || count === "" || owner !== String(pid)) return undefined;
  if (!/^\d{1,4}$/.test(count) || Number(count) > MOST)
    throw new UsageError(`LISTEN_FDS=${printable(count, 20)}: not a number of descriptors from 0 to ${MOST}`);
  const names = nameList.split(":");
  const all = Array.from({ length: Number(count) }, (_, index) => ({ fd: FIRST + index, name: names[index] ?? "" }));
  if (all.length === 0) return undefined;
  const problems = all.flatMap(({ fd, name }) => {
    const kind = kindOf(fd);
    const called = name === "" ? "" : ` (${printable(name, 60)})`;
    return kind === LISTENING
      ? []
      : [
          `LISTEN_FDS: descriptor ${fd}${called} is ${kind}; pass TCP sockets that listen, such as those of ListenStream= with Accept=no`,
        ];
  });
  const metrics = all.filter(({ name }) => name === METRICS);
  const ssh = all.filter(({ name }) => name !== METRICS);
  if (metrics.length > 1) problems.push(`LISTEN_FDNAMES: ${metrics.length} sockets are named ${METRICS}; pass one`);
  if (ssh.length === 0)
    problems.push(`LISTEN_FDNAMES: every socket is named ${METRICS}; pass one for connections, too`);
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  return { ssh: ssh.map(({ fd }) => fd), metrics: metrics[0]?.fd };
}

const LISTENING = "a TCP socket that listens";

/** TCP_LISTEN in /proc/net/tcp. */
const STATE_LISTEN = "0A";

/** What a descriptor is, in words. Node would listen on a socket that was never bound, on a port of the system's choice. */
function kindOf(fd: number): string {
  // Without it, as on macOS, `listen` refuses most other kinds, with less to say.
  if (!existsSync("/proc/self/net/tcp")) return LISTENING;
  let link: string;
  try {
    link = readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "not open";
  }
  // Of Node itself: nothing was passed.
  if (link.startsWith("anon_inode:")) return "not open";
  const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
  if (inode === undefined) return link.startsWith("pipe:") ? "a pipe" : "a file";
  for (const table of ["tcp", "tcp6"]) {
    const row = rowsOf(table).find((fields) => fields[9] === inode);
    if (row !== undefined) return row[3] === STATE_LISTEN ? LISTENING : "a TCP socket that does not listen";
  }
  if (["udp", "udp6"].some((table) => rowsOf(table).some((fields) => fields[9] === inode))) return "a UDP socket";
  return rowsOf("unix").some((fields) => fields[6] === inode) ? "a Unix socket" : "a socket that does not listen";
}

function rowsOf(table: string): readonly (readonly string[])[] {
  try {
    const lines = readFileSync(`/proc/self/net/${table}`, "latin1").split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
}
