import type { CommandResult, RunOptions, SshClient } from "../../../base/ssh-client.js";
import { SshError } from "../../ssh-error.js";

/** See {@link RunOptions.maxBuffer}. */
export const MAX_BUFFER = 16 * 1024 * 1024;

/** See {@link SshClient.run}. */
export async function runCommand(ssh: SshClient, command: string, options: RunOptions): Promise<CommandResult> {
  const { input, maxBuffer = MAX_BUFFER, ...execOptions } = options;
  const running = await ssh.exec(command, execOptions);
  // A command may exit before it has read its input: its exit status decides.
  running.end(input);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of running) {
    size += chunk.length;
    if (size > maxBuffer) {
      throw new SshError("too-large", `the command printed more than ${maxBuffer} bytes (maxBuffer)`);
    }
    chunks.push(chunk);
  }
  const exit = await running.exit;
  return { ...exit, stdout: Buffer.concat(chunks).toString(), stderrTail: running.stderrTail };
}
