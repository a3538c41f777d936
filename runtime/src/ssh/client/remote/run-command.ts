import type { CommandResult, RunOptions, SshClient } from "../../../base/ssh-client.js";
import { RpcError } from "../../../contract/rpc-error.js";

/** See {@link SshClient.run}. */
export async function runCommand(ssh: SshClient, command: string, options: RunOptions): Promise<CommandResult> {
  const { input, maxBuffer = 16 * 1024 * 1024, ...execOptions } = options;
  const running = await ssh.exec(command, execOptions);
  // A command that ends before it has read its input is no failure of ours: its exit says how it went.
  running.end(input);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of running) {
    size += chunk.length;
    if (size > maxBuffer) {
      throw new RpcError("MESSAGE_TOO_LARGE", `the command says more than ${maxBuffer} bytes (maxBuffer)`);
    }
    chunks.push(chunk);
  }
  const exit = await running.exit;
  return { ...exit, stdout: Buffer.concat(chunks).toString(), stderrTail: running.stderrTail };
}
