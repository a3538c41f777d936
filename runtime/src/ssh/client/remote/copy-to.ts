import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { RpcError } from "../../../contract/rpc-error.js";
import type { Copied, CopyOptions, SshClient } from "../../../ssh-client.js";
import { fileError } from "./file-error.js";
import { remoteSum } from "./remote-sum.js";
import { shellCommand } from "./shell-quote.js";

/** Bytes that are read at once. */
const CHUNK = 256 * 1024;

const RECEIVE = 'if [ -d "$1" ]; then echo "$1: Is a directory" >&2; exit 1; fi; cat > "$2"';

/** See {@link SshClient.copyTo}. */
export async function copyTo(ssh: SshClient, local: string, remote: string, options: CopyOptions): Promise<Copied> {
  const { signal } = options;
  const part = `${remote}.${randomBytes(6).toString("hex")}.part`;
  const file = await open(local);
  try {
    if (!(await file.stat()).isFile()) throw new RpcError("BAD_REQUEST", `${local} is not a plain file`);
    const copied = await send(ssh, file, remote, part, options);
    const sha256 = await remoteSum(ssh, part, signal);
    if (sha256 !== copied.sha256) {
      throw new RpcError("CONFLICT", `${remote} is not what was sent: ${sha256} arrived, not ${copied.sha256}`);
    }
    const { status, errorText } = await ssh.run(
      shellCommand('mv -f -- "$1" "$2"', part, remote),
      signal === undefined ? {} : { signal },
    );
    if (status !== 0) throw fileError(remote, errorText);
    return copied;
  } catch (error) {
    // Without the signal: what it stopped must be removed all the same.
    await ssh.run(shellCommand('rm -f -- "$1"', part)).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
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
    const { status } = await command.exit;
    if (status !== undefined && status !== 0) throw fileError(remote, command.errorText);
  } catch (error) {
    // A command that ends before its input does breaks the pipe; what it said tells why.
    throw command.errorText === "" || signal?.aborted ? error : fileError(remote, command.errorText, error);
  }
  return { bytes, sha256: hash.digest("hex") };
}
