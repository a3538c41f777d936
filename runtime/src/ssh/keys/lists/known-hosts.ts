import { createHmac, timingSafeEqual } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { expandHome, readFileChecked } from "../files/read-file.js";
import { type PublicKey, parsePublicKey } from "../format/public-key.js";
import { matchesPatternList } from "./wildcard.js";

/** A line of known_hosts that matches a host. */
export interface KnownHost {
  readonly key: PublicKey;
  readonly file: string;
  readonly line: number;
}

/** The entries of known_hosts for one host. */
export interface KnownHosts {
  /** The files; missing ones are empty. */
  readonly files: readonly string[];
  /** Trusted host keys. */
  readonly known: readonly KnownHost[];
  /** Keys marked `@revoked`, which are never accepted. */
  readonly revoked: readonly KnownHost[];
  /** Keys marked `@cert-authority`: they certify host keys, and are not host keys themselves. */
  readonly authorities: readonly KnownHost[];
  /**
   * The entries for the name without the port, where the port is not 22. As in ssh, a key known there is trusted for every port
   * of the host; a missing or different key has no effect.
   */
  readonly portless: Pick<KnownHosts, "known" | "revoked" | "authorities">;
}

/** The default files of ssh. */
export function defaultKnownHostsFiles(): readonly string[] {
  return [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];
}

/**
 * The name of a host in known_hosts: the host name for port 22, else `[name]:port`.
 * @param alias replaces both (ssh_config(5), HostKeyAlias)
 */
export function knownHostsName(host: string, port: number, alias?: string): string {
  if (alias !== undefined) return alias.toLowerCase();
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/**
 * Looks up a host in files of the format of sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. As in ssh, missing files are empty, and invalid
 * lines are skipped.
 * @param alias replaces host and port (ssh_config(5), HostKeyAlias)
 * @throws Error of one line, where a file exists and is unreadable
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
    // As in ssh, other white space is part of the host name.
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

/** Whether the first field of a line, plain or hashed, matches a host name. */
function isAbout(hosts: string, name: string): boolean {
  if (!hosts.startsWith("|")) return matchesPatternList(hosts.toLowerCase(), name);
  const [, salt, hash] = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(hosts) ?? [];
  if (salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
