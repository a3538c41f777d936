import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { CopyOptions, CopyResult, SshClient } from "../../../base/ssh-client.js";
import { shellCommand } from "../../shell-quote.js";
import { SshError } from "../../ssh-error.js";
import { fileError, isDirectoryError, localFailure } from "./file-error.js";
import { remoteSum } from "./remote-sum.js";

/** Bytes per read. */
const CHUNK = 256 * 1024;

/** In milliseconds. Bounds the removal of a partial file on a server that does not answer. */
const REMOVAL = 10_000;

const RECEIVE = 'if [ -d "$1" ]; then echo "$1: Is a directory" >&2; exit 1; fi; cat > "$2"';

/** See {@link SshClient.copyTo}. */
export async function copyTo(ssh: SshClient, local: string, remote: string, options: CopyOptions): Promise<CopyResult> {
  try {
    return await copyToFile(ssh, local, remote, options);
  } catch (error) {
    if (!isDirectoryError(error, remote)) throw error;
    // As scp does. Only this case takes a second command to find out: each has a connection of its own over `ssh`.
    return copyToFile(ssh, local, `${remote.replace(/\/+$/, "")}/${basename(local)}`, options);
  }
}

async function copyToFile(ssh: SshClient, local: string, remote: string, options: CopyOptions): Promise<CopyResult> {
  const { signal } = options;
  const part = `${remote}.${randomBytes(6).toString("hex")}.part`;
  const file = await openFile(local);
  try {
    const copied = await send(ssh, { file, remote, part }, options);
    const sha256 = await remoteSum(ssh, part, signal);
    if (sha256 !== copied.sha256) {
      throw new SshError(
        "conflict",
        `${remote} differs from what was sent: SHA-256 ${sha256}, expected ${copied.sha256}`,
      );
    }
    const { exitCode, stderrTail } = await ssh.run(
      shellCommand('mv -f -- "$1" "$2"', part, remote),
      signal === undefined ? {} : { signal },
    );
    if (exitCode !== 0) throw fileError(remote, stderrTail);
    return copied;
  } catch (error) {
    // Without the caller's signal: the partial file is removed after an abort too.
    const signal = AbortSignal.timeout(REMOVAL);
    await ssh.run(shellCommand('rm -f -- "$1"', part), { signal }).catch(() => undefined);
    throw localFailure(local, error);
  } finally {
    await file.close();
  }
}

/** Checks the type before opening: opening a named pipe would block until it has a writer. */
async function openFile(file: string): Promise<FileHandle> {
  try {
    if ((await stat(file)).isFile()) return await open(file);
  } catch (error) {
    throw localFailure(file, error);
  }
  throw new SshError("bad-request", `${file} is not a regular file`);
}

interface Upload {
  readonly file: FileHandle;
  readonly remote: string;
  /** The partial file on the server. */
  readonly part: string;
}

async function send(
  ssh: SshClient,
  { file, remote, part }: Upload,
  { signal, onProgress }: CopyOptions,
): Promise<CopyResult> {
  const command = await ssh.exec(shellCommand(RECEIVE, remote, part), signal === undefined ? {} : { signal });
  command.resume();
  const hash = createHash("sha256");
  let bytes = 0;
  async function* content(): AsyncGenerator<Buffer> {
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK, start: 0 })) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
      onProgress?.(bytes);
    }
  }
  try {
    await pipeline(content(), command, { end: true });
    const { exitCode } = await command.exit;
    if (exitCode !== undefined && exitCode !== 0) throw fileError(remote, command.stderrTail);
  } catch (error) {
    // A command that ends before its input breaks the pipe; its stderr says why.
    throw command.stderrTail === "" || signal?.aborted ? error : fileError(remote, command.stderrTail, error);
  }
  return { bytes, sha256: hash.digest("hex") };
}
