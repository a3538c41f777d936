import type { Command } from "commander";
import ms from "ms";
import { escapeUnsafe } from "../../adapters/session-io/printer.js";
import { callPath } from "../../client/call-path.js";
import { KICK, KICK_CONNECTION, type Kicked, MAX_KICK_REASON } from "../../contract/built-in/operations.js";
import { RpcError } from "../../contract/rpc-error.js";
import { durationFrom } from "../shared/arguments.js";
import { findServer } from "../shared/call-server.js";
import { UsageError } from "../shared/failure.js";
import type { CliIo } from "../shared/io.js";
import type { Output } from "../shared/output.js";
import { addOperatorOptions, type OperatorFlags, TIMEOUT, toFailure } from "./operator-call.js";
import { connectionLine } from "./status-text.js";

interface KickFlags extends OperatorFlags {
  readonly principal?: string;
  readonly user?: string;
  readonly grace?: number;
  readonly reason?: string;
}

/**
 * `sshrpc kick ssh://user@host:port KEY|CONNECTION`: ends connections, and prints which. Exit status 1 where there are none. It revokes
 * nothing: the clients may connect again.
 */
export function defineKick(command: Command, io: CliIo, output: Output): void {
  command
    .argument("<address>", "server address: ssh://user@host:port")
    .argument("[whose]", "id of a connection, as in `sshrpc status` and the log, or fingerprint of a key: SHA256:…")
    .option("--principal <name>", "end the connections whose login has proven this name")
    .option("--user <name>", "end the connections with this user name, as clients claim it")
    .option("--grace <duration>", "time for running calls to finish (default: none)", durationFrom(0))
    .option("--reason <text>", `reason for the clients and the audit log, up to ${MAX_KICK_REASON} characters`);
  addOperatorOptions(command)
    .option("--json", "print one line of JSON, an error too")
    .action(async (address: string, whose: string | undefined, flags: KickFlags) => {
      try {
        await kick(address, whose, { flags, io, output });
      } catch (error) {
        if (!output.signal.aborted) throw toFailure(error, flags);
      }
    });
}

interface KickRun {
  readonly flags: KickFlags;
  readonly io: CliIo;
  readonly output: Output;
}

async function kick(address: string, whose: string | undefined, { flags, io, output }: KickRun): Promise<void> {
  const { grace, reason, json, timeout = TIMEOUT } = flags;
  const call = callOf(whose, flags);
  const options = { ...(grace !== undefined && { grace }), ...(reason !== undefined && { reason }) };
  const request = { ...call.request, ...options };
  const { transport } = await findServer(address, flags, io);
  const kicked = await callPath(transport, { ...call, request, timeout, signal: output.signal }).catch(noneFound);
  if (!KICK.response?.(kicked)) throw new RpcError("INTERNAL", "the answer of the server is not one of a kick");
  await output.write(json ? `${escapeUnsafe(JSON.stringify(kicked))}\n` : describe(kicked as Kicked, grace));
  // Nothing more to say: the line above says it.
  if ((kicked as Kicked).ended === 0)
    throw Object.assign(new Error("no connection"), { exitCode: 1, isReported: true });
}

/** @throws UsageError unless exactly one thing is named */
function callOf(whose: string | undefined, { principal, user }: KickFlags) {
  const named = [whose, principal, user].filter((name) => name !== undefined);
  if (named.length !== 1) throw new UsageError("name one of: a connection, a key, --principal, --user");
  const { verb, path } = KICK;
  if (principal !== undefined) return { verb, path, request: { principal } };
  if (user !== undefined) return { verb, path, request: { user } };
  if (whose?.startsWith("SHA256:")) return { verb, path, request: { fingerprint: whose } };
  if (!/^[\w-]{1,64}$/.test(whose ?? "")) {
    throw new UsageError("neither the id of a connection nor a fingerprint SHA256:…; `sshrpc status` shows both");
  }
  return { verb, path: KICK_CONNECTION.path.replace("{id}", whose as string), request: {} };
}

function noneFound(error: unknown): Kicked {
  if (error instanceof RpcError && error.status === "NOT_FOUND") return { ended: 0, rows: [], omitted: 0 };
  throw error;
}

function describe({ ended, rows, omitted }: Kicked, grace = 0): string {
  if (ended === 0) return "no such connection\n";
  const lines = rows.map((row) => `${connectionLine(row)}\n`).join("");
  const more = omitted === 0 ? "" : `… and ${Number(omitted)} more\n`;
  const [what, end, whose] = ended === 1 ? ["connection", "ends", "its"] : ["connections", "end", "their"];
  const verb = grace === 0 ? "ended" : `${end} after ${whose} calls, at the latest in ${ms(grace)}`;
  return `${lines}${more}${Number(ended)} ${what} ${verb}\n`;
}
