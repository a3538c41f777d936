import { createReadStream, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { Argument, type Command } from "commander";
import ms from "ms";
import { terminalText } from "../adapters/console/terminal-printer.js";
import { parseRequest, type RequestSource } from "../adapters/exec/request-source.js";
import { readInputItems, readInputJson } from "../adapters/session-io/input-json.js";
import { escapeUnsafe } from "../adapters/session-io/printer.js";
import { printable } from "../base/printable.js";
import type { RequestItems } from "../client/call/method-types.js";
import { callPath } from "../client/call-path.js";
import { HEALTH, type Health, isHealthy } from "../contract/built-in/operations.js";
import { RpcError } from "../contract/rpc-error.js";
import { VERBS, type Verb } from "../contract/verb.js";
import { DEFAULT_LIMITS, UNARY_TIMEOUT } from "../wire/limits.js";
import { type FieldsCall, readFields } from "./call-fields.js";
import { durationFrom, parseFileName } from "./shared/arguments.js";
import { addServerOptions, type CallServerFlags, findServer } from "./shared/call-server.js";
import { CallFailure, UsageError } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";
import type { Output } from "./shared/output.js";

interface CallFlags extends CallServerFlags {
  readonly timeout?: number;
  readonly items?: string;
  readonly bytes?: boolean;
  readonly json?: boolean;
  readonly after?: string;
  readonly positions?: boolean;
  readonly idempotencyKey?: string;
}

/** The arguments and options of a call, as commander passes them. */
type CallArguments = [address: string, verb: Verb, path: string, words: readonly string[], flags: CallFlags];

/**
 * `sshrpc call ssh://user@host:port VERB PATH [JSON | FIELD=VALUE ...]`: one call. The response or the items go to standard
 * output, one JSON value per line; the response after a stream goes to standard error, and so does an error.
 */
export function defineCall(command: Command, io: CliIo, output: Output): void {
  command
    .argument("<address>", "server address: ssh://user@host:port")
    .addArgument(new Argument("<verb>", "verb of the method").choices(VERBS))
    .argument("<path>", "path of the resource, such as /notes/42")
    .argument(
      "[request...]",
      'request as fields, such as text=hi limit=5, or as JSON, such as \'{"text":"hi"}\'; - reads JSON from standard input ' +
        "(default: {})",
    );
  addServerOptions(command)
    .option(
      "--items <file>",
      "file with the request stream, one JSON value per line, or raw bytes with --bytes; - reads standard input",
      parseFileName,
    )
    .option("--bytes", "for streams of Bytes: raw bytes in --items and in the output; a terminal shows text")
    .option(
      "--timeout <duration>",
      `timeout of the call, such as 500ms or 2m (default: ${ms(UNARY_TIMEOUT)}; none for streams)`,
      durationFrom(1),
    )
    .option(
      "--after <position>",
      "begin the response stream behind the item with this position, as --positions prints it",
    )
    .option("--positions", 'print each item with its position, where it has one: {"position":"7","item":{}}')
    .option(
      "--idempotency-key <key>",
      "key of the call: however often it is sent with this key, the server runs it once (1 to 255 printable ASCII characters)",
    )
    .option("--json", "print an error of the call as one line of JSON, as over stock ssh")
    .action(async (...args: CallArguments) => {
      try {
        await call(args, io, output);
      } catch (error) {
        throw error instanceof RpcError ? new CallFailure(error, args[4].json ? "json" : "text") : error;
      }
    });
}

async function call([address, verb, path, words, flags]: CallArguments, io: CliIo, output: Output): Promise<void> {
  const source = parseWords(words);
  if (source.from === "input" && flags.items === "-")
    throw new UsageError("standard input cannot be both the request and --items");
  const { bytes, after: resumeAfter, positions, idempotencyKey } = flags;
  if (bytes && positions)
    throw new UsageError("--positions cannot be combined with --bytes: raw bytes are printed without positions");
  const deadline = performance.now() + (flags.timeout ?? Number.POSITIVE_INFINITY);
  const { stdout, stderr } = io;
  const line = (value: unknown, isTerminal = false): string =>
    `${escapeUnsafe(JSON.stringify(value, null, isTerminal ? 2 : 0))}\n`;
  const items = flags.items === undefined ? undefined : readItems(flags.items, { io, isBytes: bytes ?? false });
  const text = stdout.isTTY ? terminalText() : undefined;
  let isStream = bytes && items === undefined;
  const onItem = (item: unknown, position: string | undefined): Promise<void> => {
    isStream = true;
    if (positions) return output.write(line({ position, item }, stdout.isTTY));
    return output.write(bytes ? (text?.(item as Uint8Array) ?? (item as Uint8Array)) : line(item, stdout.isTTY));
  };
  const server = await findServer(address, flags, io);
  try {
    const { signal } = output;
    const request = await readRequest(source, { verb, path, ...flags, server, signal }, io);
    const timeout = flags.timeout && Math.max(1, Math.ceil(deadline - performance.now()));
    const streams = { bytes, items, onItem, resumeAfter };
    const response = await callPath(server.transport, {
      verb,
      path,
      request,
      timeout,
      ...streams,
      idempotencyKey,
      signal,
    });
    if (response === undefined) return;
    // Only the items of a stream go to standard output, as for commands over stock ssh.
    if (isStream) stderr.write(line(response, stderr.isTTY));
    else await output.write(line(response, stdout.isTTY));
    if (verb === HEALTH.verb && path === HEALTH.path && !isHealthy(response)) throw unhealthy(response);
  } catch (error) {
    // The reader of the output has closed it: `sshrpc call … | head`.
    if (!output.signal.aborted) throw error;
  }
}

/** As over stock ssh, the exit status says whether a server is ready. */
function unhealthy(health: unknown): RpcError {
  const { status, reason = "no reason given" } = health as Partial<Health>;
  return new RpcError("UNAVAILABLE", `the server is ${status}: ${reason}`);
}

/** A file can be read from an offset, so a call with an idempotency key goes on with it after a lost connection. */
function readItems(file: string, { io, isBytes }: { io: CliIo; isBytes: boolean }): RequestItems<unknown> {
  const name = printable(file);
  if (file === "-") return isBytes ? io.stdin : values(io.stdin, { skipped: 0 });
  const path = resolve(io.cwd(), file);
  const { fd, isRegular } = openFile(path, name);
  const first = createReadStream(path, { fd });
  if (!isRegular) return isBytes ? first : values(first, { skipped: 0, name });
  let isFirst = true;
  return (offset) => {
    // What was opened before the call is read by the first attempt; the next one opens it again.
    const input = isFirst && offset === 0 ? first : createReadStream(path, { start: isBytes ? offset : 0 });
    isFirst = false;
    return isBytes ? input : values(input, { skipped: offset, name });
  };
}

async function* values(
  input: Readable,
  { skipped, name }: { readonly skipped: number; readonly name?: string },
): AsyncGenerator<unknown, void> {
  let left = skipped;
  for await (const { value } of readInputItems(input, DEFAULT_LIMITS.message, { source: name })) {
    if (left > 0) left -= 1;
    else yield value;
  }
}

function openFile(path: string, name: string): { readonly fd: number; readonly isRegular: boolean } {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    return { fd: openSync(path, "r"), isRegular: stats.isFile() };
  } catch (error) {
    throw new UsageError(`--items ${name}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** @throws UsageError */
function parseWords(words: readonly string[]): RequestSource {
  try {
    return parseRequest(words);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw new UsageError(printable(error.message));
  }
}

/** @throws RpcError BAD_REQUEST where standard input is not JSON */
async function readRequest(source: RequestSource, call: FieldsCall, io: CliIo): Promise<unknown> {
  switch (source.from) {
    case "json":
      return source.json.value;
    case "fields":
      return readFields(source.fields, call);
    case "input":
      return (await readInputJson(io.stdin, DEFAULT_LIMITS.message))?.value;
    case "default":
      return {};
  }
}
