import { checkNumber } from "../base/check-number.js";

/** Bytes of lines that may wait for a slow or full disk; further lines are lost, so that the server continues. */
export const MAX_BUFFERED = 16 * 1024 * 1024;

/** Interval in ms of the checks whether the file was moved. */
export const CHECK_INTERVAL = 5000;

/** Lines name users and addresses, so only the owner may read them. */
export const OWNER_ONLY = 0o600;

/** Renamed files that a rotation keeps by default. */
export const KEPT_FILES = 5;

/** A file that is smaller would be rotated at nearly every line. */
const MIN_SIZE = 4096;

/** Checks how a file is rotated. @param option the option with these fields @throws OptionError that names the invalid one */
export function checkRotation(option: string, { maxSize, files = KEPT_FILES }: Rotation): void {
  checkNumber(`${option}.files`, files, 1);
  if (maxSize !== undefined) checkNumber(`${option}.maxSize`, maxSize, MIN_SIZE);
}

/** When a file is renamed, and how many renamed files are kept. */
interface Rotation {
  /** Bytes after which it is rotated. Default: never. */
  readonly maxSize?: number | undefined;
  /** Renamed files that a rotation keeps. Default: {@link KEPT_FILES}. */
  readonly files?: number | undefined;
}

/** How a `LineFile` is opened. */
export interface LineFileOptions extends Rotation {
  readonly file: string;
  /** The mode of a file that it creates, and that it restricts an existing one to. Default: what the umask leaves of 0666. */
  readonly mode?: number;
  /** See {@link MAX_BUFFERED}. */
  readonly maxBuffered?: number;
}

/** What the owner of a `LineFile` does about its failures. */
export interface LineFileEvents {
  /** The first failed write, or lost line, of a series; or a file that cannot be rotated or opened again. */
  onProblem(message: string, error?: Error): void;
  /** A line is lost. */
  onLost?(): void;
  /** Lines can be written again. @param lost the number of lines that were lost meanwhile */
  onRecovered(lost: number): void;
}
