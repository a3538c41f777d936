import { addAbortSignal } from "node:stream";
import { type Command, Option } from "commander";
import type { Transport } from "../../base/transport.js";
import { RpcError } from "../../contract/rpc-error.js";
import { MAX_BUFFER } from "../../ssh/client/remote/run-command.js";
import { parseFileName } from "./arguments.js";
import { UsageError } from "./failure.js";
import { type CliIo, pathOf } from "./io.js";

/** The flags of `sshrpc call` and `sshrpc contract` that say how to reach the server. */
export interface CallServerFlags {
  readonly via: "ssh2" | "ssh";
  readonly jump?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
}

/** Adds the options for {@link CallServerFlags} to a command. */
export function addServerOptions(command: Command): Command {
  const via = new Option(
    "--via <transport>",
    "transport: ssh2 (built in), or the system's ssh program with its configuration",
  );
  return addLoginOptions(command.addOption(via.choices(["ssh2", "ssh"]).default("ssh2")));
}

/** Adds these options without the choice of a transport. */
export function addLoginOptions(command: Command): Command {
  return command
    .option("--jump <hosts>", "jump hosts, in order: alice@bastion,ssh://bob@inner:2222")
    .option("--identity <file>", "private key (default: keys of the agent, then ~/.ssh/id_*)")
    .option(
      "--known-hosts <file>",
      "trusted host keys (default: ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts)",
      parseFileName,
    );
}

/** The server of a call. */
export interface CallServer {
  readonly transport: Transport;
  /**
   * Runs a command on a connection of its own. Resolves with its standard output; undefined where its exit status is not 0.
   * @throws RpcError as the transport
   */
  readonly run: (command: string, signal: AbortSignal) => Promise<string | undefined>;
}

/** Each transport is loaded only when it is used. @throws UsageError for an invalid address or flag */
export async function findServer(address: string, flags: CallServerFlags, io: CliIo): Promise<CallServer> {
  try {
    return await (flags.via === "ssh" ? overOpenssh : overSsh2)(address, flags, io);
  } catch (error) {
    throw error instanceof RpcError ? new UsageError(error.message) : error;
  }
}

async function overSsh2(address: string, flags: CallServerFlags, io: CliIo): Promise<CallServer> {
  const [{ sshTransport }, { terminalPrompts }] = await Promise.all([
    import("../../compose/ssh-transport.js"),
    import("../../terminal/prompts.js"),
  ]);
  const transport = sshTransport(address, { ...(io.stderr.isTTY && terminalPrompts()), ...optionsOf(flags, io) });
  return {
    transport,
    run: async (command, signal) => {
      await using ssh = transport.ssh();
      const { exitCode, stdout } = await ssh.run(command, { signal });
      return exitCode === 0 ? stdout : undefined;
    },
  };
}

async function overOpenssh(address: string, flags: CallServerFlags, io: CliIo): Promise<CallServer> {
  const { opensshTransport } = await import("../../openssh/openssh-transport.js");
  const options = { ...optionsOf(flags, io), interactive: io.stderr.isTTY ?? false };
  return {
    transport: opensshTransport(address, options),
    run: async (command, signal) => {
      const output = await opensshTransport(address, { ...options, command }).open(signal);
      const chunks: Buffer[] = [];
      let size = 0;
      // Leaving the loop destroys the duplex, which ends ssh.
      for await (const chunk of addAbortSignal(signal, output) as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_BUFFER) return undefined;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString();
    },
  };
}

function optionsOf({ identity, knownHosts, jump }: CallServerFlags, io: CliIo) {
  return {
    ...(identity !== undefined && { identity: pathOf(io, identity) }),
    ...(knownHosts !== undefined && { knownHosts: pathOf(io, knownHosts) }),
    ...(jump !== undefined && { jump: jump.split(",").flatMap((hop) => hop.trim() || []) }),
  };
}
