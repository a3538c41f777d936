import { formatHostPort } from "../../../base/net/host-port.js";
import { checkHostCertificate } from "../../keys/format/check-certificate.js";
import { publicKeyLine, sameKey } from "../../keys/format/public-key.js";
import { type KnownHost, knownHostsName } from "../../keys/lists/known-hosts.js";
import { shellQuote } from "../../shell-quote.js";
import type { KnownTrust } from "./host-trust.js";
import type { HostKeyInfo } from "./host-trust-options.js";
import type { ReceivedHostKey } from "./received-host-key.js";

/** Why a host key is not trusted. */
export interface HostKeyRejection {
  readonly message: string;
  /** The key, where a user may still accept it. */
  readonly info?: HostKeyInfo;
}

/** A host as it was dialed. */
interface DialedHost {
  readonly host: string;
  readonly port: number;
}

/** Checks a host key or host certificate against known_hosts, as ssh does; undefined where it is trusted. */
export function checkHostKey(
  received: ReceivedHostKey,
  { host, port }: DialedHost,
  trust: KnownTrust,
): HostKeyRejection | undefined {
  const { key, certificate, label } = received;
  const { knownHosts, alias } = trust;
  const { files, known, revoked, authorities, portless } = knownHosts;
  const offer = `${formatHostPort(host, port)} offers ${label}`;
  const authority =
    certificate && [...authorities, ...portless.authorities].find((entry) => sameKey(entry.key, certificate.authority));
  if (authority !== undefined) return checkCertified({ received, authority, offer, host: alias ?? host }, trust);
  // Without a known authority, only the key in a certificate counts.
  const isKey = (entry: KnownHost) => sameKey(entry.key, key);
  const revocation = [...revoked, ...portless.revoked].find(isKey);
  if (revocation) {
    return { message: `host key revoked: ${offer}, which ${place(revocation)} marks @revoked; do not connect` };
  }
  const isChanged = known.length > 0;
  if ((isChanged ? known : portless.known).some(isKey)) return undefined;
  const name = knownHostsName(host, port, alias);
  const line = `${name} ${publicKeyLine(key)}`;
  return {
    message: isChanged
      ? `HOST KEY CHANGED: ${offer}, but ${changed(known, key.type, name)} and add the line: ${line}`
      : `unknown host key: ${offer}, ${unknown(files, authorities)}: ${line}`,
    info: {
      ...{ host, port, keyType: key.type, fingerprint: key.fingerprint },
      ...{ line, reason: isChanged ? "changed" : "unknown" },
    },
  };
}

/** A host key in a certificate of a known authority. */
interface CertifiedKey {
  readonly received: ReceivedHostKey;
  /** The line that lists the authority. */
  readonly authority: KnownHost;
  readonly offer: string;
  readonly host: string;
}

function checkCertified(
  { received: { key, certificate }, authority, offer, host }: CertifiedKey,
  { knownHosts: { revoked, portless } }: KnownTrust,
): HostKeyRejection | undefined {
  const certified = `${offer} with a certificate by ${authority.key.fingerprint}`;
  const isAuthority = (entry: KnownHost) => sameKey(entry.key, authority.key);
  const revocation = [...revoked, ...portless.revoked].find((entry) => isAuthority(entry) || sameKey(entry.key, key));
  if (revocation) {
    const what = isAuthority(revocation) ? "the authority" : "the key";
    return { message: `host key revoked: ${certified}; ${place(revocation)} marks ${what} @revoked; do not connect` };
  }
  const problem = certificate && checkHostCertificate(certificate, host, Date.now());
  if (problem === undefined) return undefined;
  return { message: `host certificate rejected: ${certified}, which ${place(authority)} lists: ${problem}` };
}

function changed(known: readonly KnownHost[], type: string, name: string): string {
  const sameType = known.filter((entry) => entry.key.type === type);
  const listed = sameType.length > 0 ? sameType : known;
  const entries = listed.map((entry) => `${place(entry)} has ${entry.key.type} ${entry.key.fingerprint}`).join(", ");
  return (
    `${entries}; this can be a man-in-the-middle attack, or the host key has been changed. ` +
    "If the server's operator confirms the new fingerprint, remove the old key with " +
    `\`ssh-keygen -f ${quote(listed[0]?.file ?? "")} -R ${quote(name)}\``
  );
}

function unknown(files: readonly string[], [authority]: readonly KnownHost[]): string {
  const note = authority
    ? ` (${place(authority)} lists an authority for this host, but the server offers no certificate by it; RSA certificates need transport: "openssh")`
    : "";
  return (
    `and ${files.join(" or ") || "known_hosts"} has no key of this host${note}. ` +
    `If the server's operator confirms this fingerprint, add this line to ${files[0] ?? "a known_hosts file"}`
  );
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}

function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : shellQuote(text);
}
