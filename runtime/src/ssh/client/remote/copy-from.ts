import { createHash, randomBytes } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import type { CopyOptions, CopyResult, SshClient } from "../../../base/ssh-client.js";
import { shellCommand } from "../../shell-quote.js";
import { SshError } from "../../ssh-error.js";
import { fileError, localFailure } from "./file-error.js";
import { MarkedOutput } from "./marked-output.js";
import { remoteSum } from "./remote-sum.js";

/** See {@link SshClient.copyFrom}. */
export async function copyFrom(ssh: SshClient, remote: string, to: string, options: CopyOptions): Promise<CopyResult> {
  // As scp does.
  const local = (await isDirectory(to)) ? join(to, posix.basename(remote)) : to;
  if (await isDirectory(local)) throw new SshError("bad-request", `${local} is a directory: name the file`);
  const part = `${local}.${randomBytes(6).toString("hex")}.part`;
  const file = await open(part, "wx").catch((error) => {
    throw localFailure(local, error);
  });
  try {
    const copied = await receive(ssh, remote, file, options);
    const sha256 = await remoteSum(ssh, remote, options.signal);
    if (sha256 !== copied.sha256) {
      throw new SshError(
        "conflict",
        `${remote} changed during the copy: received SHA-256 ${copied.sha256}, now ${sha256}`,
      );
    }
    await file.sync();
    await file.close();
    await rename(part, local);
    return copied;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw localFailure(local, error);
  }
}

async function isDirectory(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isDirectory() ?? false;
}

async function receive(
  ssh: SshClient,
  remote: string,
  file: Awaited<ReturnType<typeof open>>,
  { signal, onProgress }: CopyOptions,
): Promise<CopyResult> {
  const output = new MarkedOutput();
  const script = shellCommand('printf %s "$2"; cat < "$1"', remote, output.mark);
  const command = await ssh.exec(script, signal === undefined ? {} : { signal });
  command.end();
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const received of command) {
    const chunk = output.push(received as Buffer);
    if (chunk.length === 0) continue;
    hash.update(chunk);
    await file.writeFile(chunk);
    bytes += chunk.length;
    onProgress?.(bytes);
  }
  const { exitCode } = await command.exit;
  if (exitCode !== undefined && exitCode !== 0) throw fileError(remote, command.stderrTail);
  output.end();
  return { bytes, sha256: hash.digest("hex") };
}
