import { createReadStream, openSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { Argument, type Command, Option } from "commander";
import { terminalText } from "../adapters/console/terminal-printer.js";
import { readInputItems, readInputJson } from "../adapters/session-io/input-json.js";
import { escapeUnsafe, readJson } from "../adapters/session-io/json-text.js";
import { printable } from "../base/printable.js";
import type { Transport } from "../base/transport.js";
import { callPath } from "../client/call-path.js";
import type { EncodedJson } from "../codec/encoded-json.js";
import { RpcError } from "../contract/rpc-error.js";
import { VERBS, type Verb } from "../contract/verb.js";
import { DEFAULT_LIMITS } from "../wire/limits.js";
import { parseFileName } from "./file-name.js";
import { durationFrom } from "./shared/duration.js";
import { UsageError } from "./shared/failure.js";
import { OutputStream } from "./shared/output-stream.js";

interface CallFlags {
  readonly via: "ssh2" | "ssh";
  readonly jump?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly timeout?: number;
  readonly items?: string;
  readonly bytes?: boolean;
}

/**
 * `sshrpc call ssh://user@host:port VERB PATH [JSON]`: one call; what it answers goes to standard output, a JSON a line. What a
 * stream ends with goes to standard error.
 */
export function defineCall(command: Command): void {
  command
    .argument("<address>", "the server, as ssh://user@host:port")
    .addArgument(new Argument("<verb>").choices(VERBS))
    .argument("<path>", "the resource, such as /notes/42")
    .argument("[json]", 'the request, such as \'{"text":"hi"}\'; - reads it from standard input', "{}")
    .addOption(
      new Option("--via <what>", "what connects: ssh2 (built in), or this system's ssh with all of its configuration")
        .choices(["ssh2", "ssh"])
        .default("ssh2"),
    )
    .option("--jump <hosts>", "hosts to go through, in order: alice@bastion,ssh://bob@inner:2222")
    .option("--identity <file>", "the private key to log in with (default: the agent's keys, then ~/.ssh/id_*)")
    .option(
      "--known-hosts <file>",
      "the host keys to trust (default: ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts)",
      parseFileName,
    )
    .option("--items <file>", "what to stream to the method, a JSON a line; - for standard input", parseFileName)
    .option("--bytes", "what is streamed is raw bytes, in both directions; at a terminal they are shown as text")
    .option(
      "--timeout <duration>",
      "how long it may take, such as 500ms or 2m (default: 30s, streams as long as they last)",
      durationFrom(1),
    )
    .action(call);
}

async function call(address: string, verb: Verb, path: string, json: string, flags: CallFlags): Promise<void> {
  if (json === "-" && flags.items === "-")
    throw new UsageError("standard input carries the request or --items, not both");
  const request = await readRequest(json);
  const { timeout, bytes } = flags;
  const output = new OutputStream(process.stdout);
  const line = (value: unknown, isTerminal = false): string =>
    `${escapeUnsafe(JSON.stringify(value, null, isTerminal ? 2 : 0))}\n`;
  const items = flags.items === undefined ? undefined : readItems(flags.items, bytes);
  const text = process.stdout.isTTY ? terminalText() : undefined;
  let isStream = bytes && items === undefined;
  const onItem = (item: unknown): Promise<void> => {
    isStream = true;
    return output.write(
      bytes ? (text?.(item as Uint8Array) ?? (item as Uint8Array)) : line(item, process.stdout.isTTY),
    );
  };
  try {
    const transport = await openTransport(address, flags);
    const { signal } = output;
    const response = await callPath(transport, { verb, path, request, timeout, bytes, items, onItem, signal });
    if (response === undefined) return;
    // As stock ssh gets it: where a stream goes to standard output, nothing else does.
    if (isStream) process.stderr.write(line(response, process.stderr.isTTY));
    else await output.write(line(response, process.stdout.isTTY));
  } catch (error) {
    // Who read the output has seen enough: `sshrpc call … | head`.
    if (!output.signal.aborted) throw error;
  }
}

/** Each is loaded only when it is asked for. */
async function openTransport(address: string, flags: CallFlags): Promise<Transport> {
  const { identity, knownHosts, jump } = flags;
  const options = {
    ...(identity !== undefined && { identity }),
    ...(knownHosts !== undefined && { knownHosts }),
    ...(jump !== undefined && { jump: jump.split(",").flatMap((hop) => hop.trim() || []) }),
  };
  if (flags.via === "ssh") {
    const { opensshTransport } = await import("../openssh/openssh-transport.js");
    return opensshTransport(address, { ...options, interactive: process.stderr.isTTY });
  }
  const [{ sshTransport }, { terminalPrompts }] = await Promise.all([
    import("../compose/ssh-transport.js"),
    import("../terminal/prompts.js"),
  ]);
  return sshTransport(address, { ...terminalPrompts(), ...options });
}

function readItems(file: string, isBytes = false): AsyncIterable<unknown> {
  const input: Readable = file === "-" ? process.stdin : createReadStream(file, { fd: openFile(file) });
  if (isBytes) return input;
  return values(readInputItems(input, DEFAULT_LIMITS.message, file === "-" ? undefined : printable(file)));
}

async function* values(items: AsyncIterable<EncodedJson>): AsyncGenerator<unknown, void> {
  for await (const { value } of items) yield value;
}

function openFile(file: string): number {
  try {
    if (statSync(file).isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    return openSync(file, "r");
  } catch (error) {
    throw new UsageError(`${printable(file)} cannot be read (${(error as NodeJS.ErrnoException).code}): --items`);
  }
}

async function readRequest(json: string): Promise<unknown> {
  try {
    const request =
      json === "-" ? await readInputJson(process.stdin, DEFAULT_LIMITS.message) : readJson(json, "the request");
    return request?.value;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const hint = /^[\w.-]+=/.test(json) ? `; fields are for stock ssh, here it is such as '{"text":"hi"}'` : "";
    throw new UsageError(`${printable(error.message)}${hint}`);
  }
}
