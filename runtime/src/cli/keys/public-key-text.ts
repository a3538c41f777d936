import { errorMessage } from "../../base/error-message.js";
import { isKeyText } from "../../base/printable.js";
import { expandHome, readFileChecked } from "../../ssh/keys/files/read-file.js";
import type { NamedPublicKey } from "../../ssh/keys/identity/public-half.js";
import { type AuthorizedKeyLine, parseAuthorizedKeyLine } from "../../ssh/keys/lists/authorized-keys.js";
import { UsageError } from "../shared/failure.js";
import { type CliIo, pathOf } from "../shared/io.js";

/** The maximum size of the text of one key, in bytes. */
const MAX_SIZE = 64 * 1024;

/**
 * Reads one public key: the key itself, the name of its file, or `-` for standard input.
 * @throws UsageError for anything else: a private key, a certificate, several keys, or a line with options
 */
export async function readKeyArgument(source: string, io: CliIo): Promise<NamedPublicKey> {
  if (source === "-") return parse(await readInput(io), "standard input");
  if (/^\s*(?:ssh|ecdsa|sk-(?:ssh|ecdsa))-\S+\s+\S/.test(source)) return parse(source, "the key");
  if (isKeyText(source)) return parse(source, "the key");
  try {
    const { data } = await readFileChecked(expandHome(pathOf(io, source), "public key file"), {
      what: "public key file",
      maxSize: MAX_SIZE,
    });
    return parse(data.toString("utf8"), source);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const pair = code === "ENOENT" && source.endsWith(".pub") ? source.slice(0, -".pub".length) : undefined;
    throw new UsageError(
      pair === undefined ? message : `${message}; to generate a key pair, run \`sshrpc keys generate ${pair}\``,
    );
  }
}

async function readInput({ stdin }: CliIo): Promise<string> {
  let text = "";
  for await (const chunk of stdin) {
    text += chunk;
    if (text.length > MAX_SIZE) throw new UsageError("standard input: longer than one public key");
  }
  return text;
}

function parse(text: string, where: string): NamedPublicKey {
  if (text.includes("PRIVATE KEY---") || text.trimStart().startsWith("PuTTY-User-Key-File")) {
    throw new UsageError(`${where} is a private key; name the public key, the file with .pub`);
  }
  if (text.includes("BEGIN SSH2 PUBLIC KEY")) {
    throw new UsageError(`${where} has the RFC 4716 format; convert it with \`ssh-keygen -i -f FILE\``);
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  if (lines.length === 0) throw new UsageError(`${where} contains no key`);
  const { key, grant, ...rest } = parseLine(lines[0] as string, where);
  if (lines.length > 1) throw new UsageError(`${where} contains ${lines.length} keys; name a file with one`);
  if (!lines[0]?.trim().startsWith(key.type) || rest.isAuthority) {
    throw new UsageError(`${where} has options before the key; pass them as flags, such as --scopes and --from`);
  }
  return { key, comment: grant.keyName ?? "" };
}

function parseLine(line: string, where: string): AuthorizedKeyLine {
  try {
    return parseAuthorizedKeyLine(line) as AuthorizedKeyLine;
  } catch (error) {
    throw new UsageError(`${where} is not a public key: ${errorMessage(error)}`, { cause: error });
  }
}
