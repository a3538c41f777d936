import { type Command, InvalidArgumentError } from "commander";
import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { formatExpiryTime } from "../../ssh/keys/format/expiry-time.js";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { AddressPatterns } from "../../ssh/keys/lists/address-patterns.js";
import { type AuthorizedKeyLine, parseAuthorizedKeyLine } from "../../ssh/keys/lists/authorized-keys.js";
import { parseHostName, parsePort } from "../shared/arguments.js";
import { DEFAULTS } from "../shared/defaults.js";
import { UsageError } from "../shared/failure.js";
import { type CliIo, pathOf } from "../shared/io.js";
import { describeKey, describeLines } from "./describe-key.js";
import { parseExpires } from "./expires.js";
import { introduceServer } from "./introduce-server.js";
import { editKeyFile } from "./key-file.js";
import { checkLines, type KeyLine, listedLines, reportInvalidLines } from "./key-lines.js";
import { type PlaceFlags, preparePlace, withPlace } from "./place.js";
import { readKeyArgument } from "./public-key-text.js";

interface AddFlags extends PlaceFlags {
  readonly name?: string;
  readonly scopes?: string;
  readonly users?: string;
  readonly limits?: string;
  readonly expires?: number;
  readonly from?: string;
  readonly hostKey?: readonly string[];
  readonly host: string;
  readonly port: number;
}

/** `sshrpc keys add KEY`: authorizes a key, and prints the server address and host key for its owner. */
export function addAddCommand(keys: Command, io: CliIo): void {
  withPlace(keys.command("add"))
    .description("authorize a public key, and print the server address and host key for its owner")
    .argument("<key>", "public key file such as ~/.ssh/id_ed25519.pub, the key itself, or - for standard input")
    .option("--name <name>", "name of the key (default: its comment)")
    .option("--scopes <list>", 'scopes to grant, such as notes:read,time:*; "*" for all (default: none)', unquoted)
    .option("--users <list>", "user names that it may log in under, such as alice,bob (default: any)", unquoted)
    .option("--limits <list>", "limits of the key, such as calls=100,rate=50/s,connections=4,bytes=64M", unquoted)
    .option("--expires <when>", "expiry: 12h, 90d, 2030-12-31 or 2030-12-31T12:00Z (default: never)", parseExpires)
    .option("--from <list>", "allowed source addresses, such as 192.0.2.0/24,!192.0.2.7 (default: any)", parseFrom)
    .option(
      "--host-key <file>",
      "host key of the server, to print its public half; repeat it for several (default: the one in --home)",
      (file: string, earlier: readonly string[] = []) => [...earlier, file],
    )
    .option("--host <name>", "host name of the server for clients", parseHostName, DEFAULTS.host)
    .option("--port <number>", "port of the server for clients", parsePort, DEFAULTS.port)
    .action((source: string, flags: AddFlags) => add(source, flags, io));
}

async function add(source: string, flags: AddFlags, io: CliIo): Promise<void> {
  const { key, comment } = await readKeyArgument(source, io);
  const name = (flags.name ?? comment).trim();
  const line = [optionsOf(flags), publicKeyLine(key), name].filter(Boolean).join(" ");
  const added = parse(line, name);
  const { authorizedKeys, hostKey } = await preparePlace(flags, io);
  // A damaged host key must be reported before the file is changed.
  const hostKeys = flags.hostKey?.map((file) => pathOf(io, file)) ?? [hostKey].flatMap((file) => file ?? []);
  const server = await introduceServer({ host: flags.host, port: flags.port, hostKeys });
  const append = (before: readonly KeyLine[]): string[] => {
    refuseDuplicates(before, added, authorizedKeys);
    return [...before.map(({ text }) => text), line];
  };
  const lines = await editKeyFile(authorizedKeys, append, { io, create: true });
  const description = describeLines(describeKey({ text: line, listed: added })).join("\n");
  io.stdout.write(`authorized ${name || "the key"} (${authorizedKeys}:${lines.length})\n${description}\n\n`);
  io.stdout.write(`Server details for the owner of the key:\n${server}`);
  reportInvalidLines(lines, authorizedKeys, io);
  checkLines(lines, authorizedKeys);
}

function optionsOf({ scopes, users, limits, expires, from }: AddFlags): string {
  return [
    scopes !== undefined && `scopes="${scopes}"`,
    users !== undefined && `users="${users}"`,
    limits !== undefined && `limits="${limits}"`,
    expires !== undefined && `expiry-time="${formatExpiryTime(expires)}"`,
    from !== undefined && `from="${from}"`,
  ]
    .filter((option) => option !== false)
    .join(",");
}

/** Parses the line as the server will, so that an invalid line is never added to the file. */
function parse(line: string, name: string): AuthorizedKeyLine {
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(line) || name.length > 100) {
    throw new UsageError(
      `invalid name "${printable(name, 40)}"; use at most 100 characters without control characters`,
    );
  }
  try {
    return parseAuthorizedKeyLine(line) as AuthorizedKeyLine;
  } catch (error) {
    throw new UsageError(errorMessage(error), { cause: error });
  }
}

function refuseDuplicates(lines: readonly KeyLine[], { key, grant }: AuthorizedKeyLine, file: string): void {
  for (const { number, listed } of listedLines(lines)) {
    if (listed.key.fingerprint === key.fingerprint) {
      throw new Error(
        `the key is already listed at ${file}:${number}; to change it, run \`sshrpc keys remove ${key.fingerprint}\` first`,
      );
    }
    if (grant.keyName !== undefined && listed.grant.keyName === grant.keyName) {
      throw new Error(
        `the name "${grant.keyName}" belongs to another key (${file}:${number}); pass a different --name`,
      );
    }
  }
}

function parseFrom(text: string): string {
  let patterns: AddressPatterns;
  try {
    patterns = new AddressPatterns(text);
  } catch (error) {
    throw new InvalidArgumentError(errorMessage(error));
  }
  const [name] = patterns.names;
  if (name !== undefined)
    throw new InvalidArgumentError(`Host names such as ${printable(name, 60)} are not resolved; use addresses.`);
  return unquoted(text);
}

/** Rejects characters that would end the quoted value of an option. */
function unquoted(text: string): string {
  if (/["\\\s]/.test(text)) throw new InvalidArgumentError("Quotes, backslashes and spaces are not allowed.");
  return text;
}
