import { createHmac, timingSafeEqual } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { expandHome, readFileChecked } from "../files/read-file.js";
import { type PublicKey, parsePublicKey } from "../format/public-key.js";
import { matchesPatternList } from "./wildcard.js";

/** A line of known_hosts that is about the host looked for. */
export interface KnownHost {
  readonly key: PublicKey;
  readonly file: string;
  readonly line: number;
}

/** What known_hosts says of one host. */
export interface KnownHosts {
  /** The files looked in; those that do not exist hold nothing. */
  readonly files: readonly string[];
  /** Keys that the host may present. */
  readonly known: readonly KnownHost[];
  /** Keys marked `@revoked`: never to be accepted. */
  readonly revoked: readonly KnownHost[];
  /** Keys marked `@cert-authority`: they prove nothing themselves, but certify the keys of hosts. */
  readonly authorities: readonly KnownHost[];
  /**
   * What the files say of the name without the port, where that is another. As ssh has it, a key known there is good for
   * every port of the host, and nothing else follows from it.
   */
  readonly portless: Pick<KnownHosts, "known" | "revoked" | "authorities">;
}

/** The files that ssh looks in, too. */
export function defaultKnownHostsFiles(): readonly string[] {
  return [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];
}

/**
 * What known_hosts calls a host: its name alone at port 22, else `[name]:port`.
 * @param alias the name in place of both (ssh_config(5), HostKeyAlias)
 */
export function knownHostsName(host: string, port: number, alias?: string): string {
  if (alias !== undefined) return alias.toLowerCase();
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/**
 * Looks a host up in files of the format of sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. As ssh does, it takes a missing file
 * for an empty one, and passes over lines that it does not understand.
 * @param alias the name to look up in place of the host and its port (ssh_config(5), HostKeyAlias)
 * @throws Error of one line, where a file exists and cannot be read.
 */
export async function lookUpKnownHosts(
  names: readonly string[],
  host: string,
  port: number,
  alias?: string,
): Promise<KnownHosts> {
  const files = names.map((file) => expandHome(file, "known hosts file"));
  const texts = await Promise.all(files.map(readText));
  const find = (name: string) => {
    const found = files.flatMap((file, at) => parseKnownHosts(texts[at] ?? "", file, name));
    const marked = (marker: string) => found.filter((entry) => entry.marker === marker).map((entry) => entry.host);
    return { known: marked(""), revoked: marked("@revoked"), authorities: marked("@cert-authority") };
  };
  const none = { known: [], revoked: [], authorities: [] };
  const portless = alias === undefined && port !== 22 ? find(knownHostsName(host, 22)) : none;
  return { files, ...find(knownHostsName(host, port, alias)), portless };
}

async function readText(file: string): Promise<string> {
  try {
    const { data } = await readFileChecked(file, { what: "known hosts file", maxSize: 16 * 1024 * 1024 });
    return data.toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function parseKnownHosts(text: string, file: string, name: string): { marker: string; host: KnownHost }[] {
  return text.split("\n").flatMap((raw, index) => {
    // As ssh has it: whatever else looks like a space belongs to the name of the host.
    const line = raw.replace(/^[ \t]+/, "").trimEnd();
    if (line === "" || line.startsWith("#")) return [];
    const fields = line.split(/[ \t]+/);
    const marker = fields[0]?.startsWith("@") ? (fields.shift() as string) : "";
    const [hosts = "", type = "", base64 = ""] = fields;
    if (!isAbout(hosts, name)) return [];
    try {
      return [{ marker, host: { key: parsePublicKey(type, base64), file, line: index + 1 } }];
    } catch {
      return [];
    }
  });
}

/** Whether the first field of a line, plain or hashed, is about the host of this name. */
function isAbout(hosts: string, name: string): boolean {
  if (!hosts.startsWith("|")) return matchesPatternList(hosts.toLowerCase(), name);
  const [, salt, hash] = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(hosts) ?? [];
  if (salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
