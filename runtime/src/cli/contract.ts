import type { Command } from "commander";
import { escapeUnsafe } from "../adapters/session-io/printer.js";
import { anySignal } from "../base/async/any-signal.js";
import { fetchContract } from "../compose/connect.js";
import { RpcError } from "../contract/rpc-error.js";
import { UNARY_TIMEOUT } from "../wire/limits.js";
import { durationFrom } from "./shared/arguments.js";
import { addServerOptions, type CallServerFlags, findServer } from "./shared/call-server.js";
import { CallFailure } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";
import type { Output } from "./shared/output.js";

interface ContractFlags extends CallServerFlags {
  readonly hash?: boolean;
  readonly timeout?: number;
  readonly json?: boolean;
}

/**
 * `sshrpc contract ssh://user@host:port`: the contract of a running server as JSON, `{ "contract": …, "complete": … }`, or its hash
 * alone. A note on standard error says whether methods may be missing.
 */
export function defineContract(command: Command, io: CliIo, output: Output): void {
  addServerOptions(command.argument("<address>", "server address: ssh://user@host:port"))
    .option("--hash", "print the hash of the whole contract alone")
    .option("--timeout <duration>", "timeout of the connection and the call together (default: 30s)", durationFrom(1))
    .option("--json", "print an error as one line of JSON, as over stock ssh")
    .action(async (address: string, flags: ContractFlags) => {
      try {
        await printContract(address, flags, { io, output });
      } catch (error) {
        throw error instanceof RpcError ? new CallFailure(error, flags.json ? "json" : "text") : error;
      }
    });
}

async function printContract(
  address: string,
  flags: ContractFlags,
  { io, output }: { readonly io: CliIo; readonly output: Output },
): Promise<void> {
  const { transport } = await findServer(address, flags, io);
  const timeout = flags.timeout ?? UNARY_TIMEOUT;
  const late = AbortSignal.timeout(timeout);
  const signal = anySignal([late, output.signal]);
  const { contract, complete } = await fetchContract(transport, { signal, timeout });
  if (flags.hash) {
    await output.write(`${escapeUnsafe(contract.hash)}\n`);
    return;
  }
  await output.write(`${escapeUnsafe(JSON.stringify({ contract, complete }, null, 2))}\n`);
  if (!complete) {
    io.stderr.write(
      "sshrpc: the contract has the methods that this key may call; the whole one requires the scope sshrpc:contract\n",
    );
  }
}
