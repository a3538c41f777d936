import { createReadStream, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { Argument, type Command, Option } from "commander";
import ms from "ms";
import { terminalText } from "../adapters/console/terminal-printer.js";
import { readInputItems, readInputJson } from "../adapters/session-io/input-json.js";
import { readJson } from "../adapters/session-io/json-text.js";
import { escapeUnsafe } from "../adapters/session-io/printer.js";
import { printable } from "../base/printable.js";
import type { Transport } from "../base/transport.js";
import { callPath } from "../client/call-path.js";
import type { EncodedJson } from "../codec/encoded-json.js";
import { RpcError } from "../contract/rpc-error.js";
import { VERBS, type Verb } from "../contract/verb.js";
import { DEFAULT_LIMITS, UNARY_TIMEOUT } from "../wire/limits.js";
import { durationFrom, parseFileName } from "./shared/arguments.js";
import { UsageError } from "./shared/failure.js";
import { type CliIo, pathOf } from "./shared/io.js";
import type { Output } from "./shared/output.js";

interface CallFlags {
  readonly via: "ssh2" | "ssh";
  readonly jump?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly timeout?: number;
  readonly items?: string;
  readonly bytes?: boolean;
}

/** The arguments and options of a call, as commander passes them. */
type CallArguments = [address: string, verb: Verb, path: string, json: string, flags: CallFlags];

/**
 * `sshrpc call ssh://user@host:port VERB PATH [JSON]`: one call. The response or the items go to standard output, one JSON
 * value per line; the response after a stream goes to standard error.
 */
export function defineCall(command: Command, io: CliIo, output: Output): void {
  command
    .argument("<address>", "server address: ssh://user@host:port")
    .addArgument(new Argument("<verb>", "verb of the method").choices(VERBS))
    .argument("<path>", "path of the resource, such as /notes/42")
    .argument("[json]", 'request as JSON, such as \'{"text":"hi"}\'; - reads standard input', "{}")
    .addOption(
      new Option("--via <transport>", "transport: ssh2 (built in), or the system's ssh program with its configuration")
        .choices(["ssh2", "ssh"])
        .default("ssh2"),
    )
    .option("--jump <hosts>", "jump hosts, in order: alice@bastion,ssh://bob@inner:2222")
    .option("--identity <file>", "private key (default: keys of the agent, then ~/.ssh/id_*)")
    .option(
      "--known-hosts <file>",
      "trusted host keys (default: ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts)",
      parseFileName,
    )
    .option(
      "--items <file>",
      "items of the request stream, one JSON value per line; - reads standard input",
      parseFileName,
    )
    .option("--bytes", "stream raw bytes in both directions; a terminal shows them as text")
    .option(
      "--timeout <duration>",
      `timeout of the call, such as 500ms or 2m (default: ${ms(UNARY_TIMEOUT)}; none for streams)`,
      durationFrom(1),
    )
    .action((...args: CallArguments) => call(args, io, output));
}

async function call([address, verb, path, json, flags]: CallArguments, io: CliIo, output: Output): Promise<void> {
  if (json === "-" && flags.items === "-")
    throw new UsageError("standard input cannot be both the request and --items");
  const request = await readRequest(json, io);
  const { timeout, bytes } = flags;
  const { stdout, stderr } = io;
  const line = (value: unknown, isTerminal = false): string =>
    `${escapeUnsafe(JSON.stringify(value, null, isTerminal ? 2 : 0))}\n`;
  const items = flags.items === undefined ? undefined : readItems(flags.items, { io, isBytes: bytes ?? false });
  const text = stdout.isTTY ? terminalText() : undefined;
  let isStream = bytes && items === undefined;
  const onItem = (item: unknown): Promise<void> => {
    isStream = true;
    return output.write(bytes ? (text?.(item as Uint8Array) ?? (item as Uint8Array)) : line(item, stdout.isTTY));
  };
  try {
    const transport = await openTransport(address, flags, io);
    const { signal } = output;
    const response = await callPath(transport, { verb, path, request, timeout, bytes, items, onItem, signal });
    if (response === undefined) return;
    // Only the items of a stream go to standard output, as for commands over stock ssh.
    if (isStream) stderr.write(line(response, stderr.isTTY));
    else await output.write(line(response, stdout.isTTY));
  } catch (error) {
    // The reader of the output has closed it: `sshrpc call … | head`.
    if (!output.signal.aborted) throw error;
  }
}

/** Each transport is loaded only when it is used. */
async function openTransport(address: string, flags: CallFlags, io: CliIo): Promise<Transport> {
  const { identity, knownHosts, jump } = flags;
  const options = {
    ...(identity !== undefined && { identity: pathOf(io, identity) }),
    ...(knownHosts !== undefined && { knownHosts: pathOf(io, knownHosts) }),
    ...(jump !== undefined && { jump: jump.split(",").flatMap((hop) => hop.trim() || []) }),
  };
  if (flags.via === "ssh") {
    const { opensshTransport } = await import("../openssh/openssh-transport.js");
    return opensshTransport(address, { ...options, interactive: io.stderr.isTTY ?? false });
  }
  const [{ sshTransport }, { terminalPrompts }] = await Promise.all([
    import("../compose/ssh-transport.js"),
    import("../terminal/prompts.js"),
  ]);
  return sshTransport(address, { ...(io.stderr.isTTY && terminalPrompts()), ...options });
}

function readItems(file: string, { io, isBytes }: { io: CliIo; isBytes: boolean }): AsyncIterable<unknown> {
  const input: Readable = file === "-" ? io.stdin : createReadStream(file, { fd: openFile(file, io) });
  if (isBytes) return input;
  return values(readInputItems(input, DEFAULT_LIMITS.message, file === "-" ? undefined : printable(file)));
}

async function* values(items: AsyncIterable<EncodedJson>): AsyncGenerator<unknown, void> {
  for await (const { value } of items) yield value;
}

function openFile(file: string, io: CliIo): number {
  try {
    const path = resolve(io.cwd(), file);
    if (statSync(path).isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    return openSync(path, "r");
  } catch (error) {
    throw new UsageError(`--items ${printable(file)}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function readRequest(json: string, io: CliIo): Promise<unknown> {
  try {
    const request =
      json === "-" ? await readInputJson(io.stdin, DEFAULT_LIMITS.message) : readJson(json, "the request");
    return request?.value;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const hint = /^[\w.-]+=/.test(json)
      ? `; field=value works only over stock ssh, use JSON such as '{"text":"hi"}'`
      : "";
    throw new UsageError(`${printable(error.message)}${hint}`);
  }
}
