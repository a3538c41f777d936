import { lstatSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { makeDirectory } from "../../base/make-directory.js";
import { formatHostPort } from "../../base/net/host-port.js";
import { printable } from "../../base/printable.js";
import { UsageError } from "../shared/failure.js";
import { type CliIo, pathOf } from "../shared/io.js";

/** The longest path of a Unix socket on Linux; other systems allow fewer bytes, and say so. */
const MAX_PATH = 107;

/** Where the control socket of a server is. */
interface ControlAddress {
  /** `--runtime-directory`. Default: `RUNTIME_DIRECTORY` of systemd, `sshrpc` in `XDG_RUNTIME_DIR`, or one in the directory for temporary files. */
  readonly runtimeDirectory?: string | undefined;
  readonly listen: string;
  readonly port: number;
}

/**
 * The path of the control socket of the server that listens on an address. The directory is created if it is missing.
 * @throws UsageError for a directory that others may write to, or that is another user's
 */
export function controlPath({ runtimeDirectory, listen, port }: ControlAddress, io: CliIo): string {
  const { RUNTIME_DIRECTORY, XDG_RUNTIME_DIR } = io.env;
  const directory =
    runtimeDirectory !== undefined
      ? pathOf(io, runtimeDirectory)
      : (RUNTIME_DIRECTORY?.split(":")[0] ??
        (XDG_RUNTIME_DIR ? join(XDG_RUNTIME_DIR, "sshrpc") : join(tmpdir(), `sshrpc-${ownId()}`)));
  prepareDirectory(directory);
  const path = join(directory, `${formatHostPort(listen, port).replaceAll(/[^\w.:[\]-]/g, "_")}.sock`);
  if (Buffer.byteLength(path) > MAX_PATH)
    throw new UsageError(`--runtime-directory: the path of a socket in it is too long: ${printable(path, 120)}`);
  return path;
}

function prepareDirectory(directory: string): void {
  const fail = (reason: string): never => {
    throw new UsageError(`--runtime-directory ${JSON.stringify(printable(directory, 200))}: ${reason}; name another`);
  };
  try {
    makeDirectory(directory, 0o700);
  } catch (error) {
    fail(`cannot create the directory (${(error as NodeJS.ErrnoException).code})`);
  }
  // A user who may write there could make this process connect to a socket of theirs.
  const stats = lstatSync(directory);
  if (!stats.isDirectory()) fail("not a directory");
  if (stats.uid !== ownId()) fail(`owned by another user (uid ${stats.uid})`);
  if ((stats.mode & 0o022) !== 0) fail("other users may write to it");
}

function ownId(): number {
  return userInfo().uid;
}
