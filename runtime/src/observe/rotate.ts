import { renameSync, statSync } from "node:fs";
import { KEPT_FILES } from "./line-file-options.js";

/**
 * Renames `audit.log` to `audit.log.1`, `audit.log.1` to `audit.log.2`, and so on; the oldest one is replaced. A process that is killed
 * between two renames leaves a number without a file, which the next rotation fills: no file is lost, and none changes its order.
 * @param files how many renamed files are kept
 * @throws Error of the file system
 */
export function rotate(file: string, files = KEPT_FILES): void {
  // Up to the first number that is free: the files behind it need not move.
  let last = 1;
  while (last < files && statSync(`${file}.${last}`, { throwIfNoEntry: false }) !== undefined) last += 1;
  for (let number = last; number > 1; number -= 1) renameSync(`${file}.${number - 1}`, `${file}.${number}`);
  renameSync(file, `${file}.1`);
}
