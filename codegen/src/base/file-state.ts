import { statSync } from "node:fs";

/** The time after a change during which a second change may have the same time stamp, in ms: of file systems with and without fractions. */
const TICK = { fine: 50, coarse: 2000 };

/** What the file system says of the content of a file. */
export interface FileState {
  /** Differs between two versions of the file; empty if there is none. */
  readonly id: string;
  /** Whether equal states mean equal contents: false right after a change. */
  readonly isSettled: boolean;
}

const SECOND = 1_000_000_000n;

/** The state of a file at `path`. */
export function fileState(path: string): FileState {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stats?.isFile() !== true) return { id: "", isSettled: true };
  const { ino, size, mtimeNs, ctimeNs, ctimeMs } = stats;
  const tick = mtimeNs % SECOND === 0n ? TICK.coarse : TICK.fine;
  return { id: `${ino} ${size} ${mtimeNs} ${ctimeNs}`, isSettled: Date.now() - Number(ctimeMs) > tick };
}
