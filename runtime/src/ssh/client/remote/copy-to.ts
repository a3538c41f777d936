import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Copied, CopyOptions, SshClient } from "../../../base/ssh-client.js";
import { RpcError } from "../../../contract/rpc-error.js";
import { shellCommand } from "../../shell-quote.js";
import { fileError, localFailure } from "./file-error.js";
import { remoteSum } from "./remote-sum.js";

/** Bytes that are read at once. */
const CHUNK = 256 * 1024;

/** Milliseconds that the server has to remove a part of a file: whoever cancels must not wait for one that is gone. */
const REMOVAL = 10_000;

const RECEIVE = 'if [ -d "$1" ]; then echo "$1: Is a directory" >&2; exit 1; fi; cat > "$2"';

/** See {@link SshClient.copyTo}. */
export async function copyTo(ssh: SshClient, local: string, remote: string, options: CopyOptions): Promise<Copied> {
  const { signal } = options;
  const part = `${remote}.${randomBytes(6).toString("hex")}.part`;
  const file = await openFile(local);
  try {
    const copied = await send(ssh, file, remote, part, options);
    const sha256 = await remoteSum(ssh, part, signal);
    if (sha256 !== copied.sha256) {
      throw new RpcError("CONFLICT", `${remote} is not what was sent: ${sha256} arrived, not ${copied.sha256}`);
    }
    const { exitCode: status, stderrTail } = await ssh.run(
      shellCommand('mv -f -- "$1" "$2"', part, remote),
      signal === undefined ? {} : { signal },
    );
    if (status !== 0) throw fileError(remote, stderrTail);
    return copied;
  } catch (error) {
    // Without the caller's signal: what it stopped must be removed all the same.
    const signal = AbortSignal.timeout(REMOVAL);
    await ssh.run(shellCommand('rm -f -- "$1"', part), { signal }).catch(() => undefined);
    throw localFailure(local, error);
  } finally {
    await file.close();
  }
}

/** Asked before it is opened, because opening a pipe would wait for somebody to write into it. */
async function openFile(file: string): Promise<FileHandle> {
  try {
    if ((await stat(file)).isFile()) return await open(file);
  } catch (error) {
    throw localFailure(file, error);
  }
  throw new RpcError("BAD_REQUEST", `${file} is not a plain file`);
}

async function send(
  ssh: SshClient,
  file: FileHandle,
  remote: string,
  part: string,
  { signal, onProgress }: CopyOptions,
): Promise<Copied> {
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
    const { exitCode: status } = await command.exit;
    if (status !== undefined && status !== 0) throw fileError(remote, command.stderrTail);
  } catch (error) {
    // A command that ends before its input does breaks the pipe; what it said tells why.
    throw command.stderrTail === "" || signal?.aborted ? error : fileError(remote, command.stderrTail, error);
  }
  return { bytes, sha256: hash.digest("hex") };
}
