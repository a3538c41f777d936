import { type Command, InvalidArgumentError } from "commander";
import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { formatExpiryTime } from "../../ssh/keys/format/expiry-time.js";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { AddressPatterns } from "../../ssh/keys/lists/address-patterns.js";
import { type AuthorizedKeyLine, parseAuthorizedKeyLine } from "../../ssh/keys/lists/authorized-keys.js";
import { DEFAULTS } from "../shared/defaults.js";
import { UsageError } from "../shared/failure.js";
import { parsePort } from "../shared/port.js";
import { describeKey, describeLines } from "./describe-key.js";
import { parseExpires } from "./expires.js";
import { introduceServer } from "./introduce-server.js";
import { editKeyFile } from "./key-file.js";
import { type KeyLine, listedLines, warnOfWrongLines } from "./key-lines.js";
import { type PlaceFlags, preparePlace, withPlace } from "./place.js";
import { readPublicKey } from "./public-key-text.js";

interface AddFlags extends PlaceFlags {
  readonly name?: string;
  readonly scopes?: string;
  readonly expires?: number;
  readonly from?: string;
  readonly hostKey?: string;
  readonly host: string;
  readonly port: number;
}

/** `sshrpc keys add KEY`: lets a key in, and prints what its holder needs to know of the server. */
export function addAddCommand(keys: Command): void {
  withPlace(keys.command("add"))
    .description("let a public key in, and print what its holder needs to know")
    .argument("<key>", "a file such as ~/.ssh/id_ed25519.pub, the key itself, or - for standard input")
    .option("--name <name>", "what to call it (default: the comment of the key)")
    .option(
      "--scopes <list>",
      'what it may call, such as notes:read,time:*; "*" for all (default: what asks for no scope)',
      unquoted,
    )
    .option(
      "--expires <when>",
      "until when: 12h, 90d, 2030-12-31 or 2030-12-31T12:00Z (default: for ever)",
      parseExpires,
    )
    .option("--from <list>", "where it may come from, such as 192.0.2.0/24,!192.0.2.7 (default: anywhere)", parseFrom)
    .option("--host-key <file>", "the server's key, for its holder to know (default: the one in --home)")
    .option("--host <name>", "where clients reach the server", DEFAULTS.host)
    .option("--port <number>", "the port where they reach it", parsePort, DEFAULTS.port)
    .action(add);
}

async function add(source: string, flags: AddFlags): Promise<void> {
  const { key, comment } = await readPublicKey(source);
  const name = (flags.name ?? comment).trim();
  const line = [optionsOf(flags), publicKeyLine(key), name].filter(Boolean).join(" ");
  const added = parse(line, name);
  const { authorizedKeys, hostKey } = await preparePlace(flags);
  // Before anything is changed, because a host key that is damaged must be seen to first.
  const server = await introduceServer({ ...flags, hostKey: flags.hostKey ?? hostKey });
  const append = (before: readonly KeyLine[]): string[] => {
    refuseDuplicates(before, added, authorizedKeys);
    return [...before.map(({ text }) => text), line];
  };
  const lines = await editKeyFile(authorizedKeys, append, { create: true });
  const description = describeLines(describeKey(added)).join("\n");
  process.stdout.write(`${name || "The key"} is let in (${authorizedKeys}:${lines.length})\n${description}\n\n`);
  process.stdout.write(`What its holder needs to know of the server:\n${server}`);
  warnOfWrongLines(lines, authorizedKeys);
}

function optionsOf({ scopes, expires, from }: AddFlags): string {
  return [
    scopes !== undefined && `scopes="${scopes}"`,
    expires !== undefined && `expiry-time="${formatExpiryTime(expires)}"`,
    from !== undefined && `from="${from}"`,
  ]
    .filter((option) => option !== false)
    .join(",");
}

/** The line as a server will read it: what that refuses must never get into the file. */
function parse(line: string, name: string): AuthorizedKeyLine {
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(line) || name.length > 100) {
    throw new UsageError(`a name has at most 100 characters, and no control characters: "${printable(name, 40)}"`);
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
        `the key is already at ${file}:${number}; to change it, \`sshrpc keys remove ${key.fingerprint}\` first`,
      );
    }
    if (grant.keyName !== undefined && listed.grant.keyName === grant.keyName) {
      throw new Error(`another key has the name "${grant.keyName}" (${file}:${number}): choose one with --name`);
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
    throw new InvalidArgumentError(`Names such as ${printable(name, 60)} are not looked up: use addresses.`);
  return unquoted(text);
}

/** Nothing may end the value of an option before its time. */
function unquoted(text: string): string {
  if (/["\\\s]/.test(text)) throw new InvalidArgumentError("It has quotes, backslashes or spaces.");
  return text;
}
