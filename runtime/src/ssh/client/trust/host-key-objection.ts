import { formatHostPort } from "../../../base/host-port.js";
import type { Certificate } from "../../keys/format/certificate.js";
import { objectionToHostCertificate } from "../../keys/format/host-certificate.js";
import { publicKeyLine, sameKey } from "../../keys/format/public-key.js";
import { type KnownHost, type KnownHosts, knownHostsName } from "../../keys/lists/known-hosts.js";
import { shellQuote } from "../../shell-quote.js";
import type { KnownTrust } from "./host-trust.js";
import type { HostKeyQuestion } from "./host-trust-options.js";
import type { PresentedKey } from "./presented-key.js";

/** What speaks against a host key. */
export interface HostKeyObjection {
  readonly message: string;
  /** What somebody may be asked who can decide otherwise; absent where nobody may. */
  readonly question?: HostKeyQuestion;
}

/** What known_hosts has against the key or certificate that a host presents, as ssh sees it; undefined where nothing. */
export function objectionToHostKey(
  { key, certificate, label }: PresentedKey,
  host: string,
  port: number,
  { knownHosts, alias }: KnownTrust,
): HostKeyObjection | undefined {
  const { files, known, revoked, authorities, portless } = knownHosts;
  const offer = `${formatHostPort(host, port)} offers ${label}`;
  const authority = certificate && findAuthority(certificate, knownHosts);
  if (certificate !== undefined && authority !== undefined) {
    const message = objectionToCertified(certificate, authority, offer, alias ?? host, knownHosts);
    return message === undefined ? undefined : { message };
  }
  // Where nothing is known of its authority, a certificate is no better than the key in it.
  const isKey = (entry: KnownHost) => sameKey(entry.key, key);
  const ban = [...revoked, ...portless.revoked].find(isKey);
  if (ban) return { message: `host key revoked: ${offer}, which ${place(ban)} marks @revoked; do not connect` };
  const isChanged = known.length > 0;
  if ((isChanged ? known : portless.known).some(isKey)) return undefined;
  const name = knownHostsName(host, port, alias);
  const line = `${name} ${publicKeyLine(key)}`;
  return {
    message: isChanged
      ? `HOST KEY CHANGED: ${offer}, but ${changed(known, key.type, name)} and add the line: ${line}`
      : `unknown host: ${offer}, and ${unknown(files, authorities)}: ${line}`,
    question: {
      ...{ host, port, keyType: key.type, fingerprint: key.fingerprint },
      ...{ line, reason: isChanged ? "changed" : "unknown" },
    },
  };
}

function findAuthority({ authority }: Certificate, { authorities, portless }: KnownHosts): KnownHost | undefined {
  return [...authorities, ...portless.authorities].find((entry) => sameKey(entry.key, authority));
}

/** @param trusted the line that lists its authority */
function objectionToCertified(
  certificate: Certificate,
  trusted: KnownHost,
  offer: string,
  host: string,
  { revoked, portless }: KnownHosts,
): string | undefined {
  const { authority, key } = certificate;
  const certified = `${offer} with a certificate by ${authority.fingerprint}`;
  const isAuthority = (entry: KnownHost) => sameKey(entry.key, authority);
  const ban = [...revoked, ...portless.revoked].find((entry) => isAuthority(entry) || sameKey(entry.key, key));
  if (ban) {
    const banned = isAuthority(ban) ? "the authority" : "the key";
    return `host key revoked: ${certified}; ${place(ban)} marks ${banned} @revoked; do not connect`;
  }
  const objection = objectionToHostCertificate(certificate, host, Date.now());
  if (objection === undefined) return undefined;
  return `host certificate refused: ${certified}, which ${place(trusted)} lists, but ${objection}`;
}

function changed(known: readonly KnownHost[], type: string, name: string): string {
  const culprits = known.filter((entry) => entry.key.type === type);
  const listed = (culprits.length > 0 ? culprits : known)
    .map((entry) => `${place(entry)} has ${entry.key.type} ${entry.key.fingerprint}`)
    .join(", ");
  const file = (culprits[0] ?? known[0])?.file ?? "";
  return (
    `${listed}; somebody may be listening in right now, or the key was just changed. ` +
    "If the server's operator confirms the new fingerprint, remove the old key with " +
    `\`ssh-keygen -f ${quote(file)} -R ${quote(name)}\``
  );
}

function unknown(files: readonly string[], authorities: readonly KnownHost[]): string {
  const [authority] = authorities;
  const note = authority
    ? ` (${place(authority)} lists an authority for it, but it shows no certificate by that; RSA certificates need protocol: "openssh")`
    : "";
  return (
    `no key of it is in ${files.join(" or ") || "any file"}${note}. ` +
    `If its operator confirms this fingerprint, add this line to ${files[0] ?? "a known_hosts file"}`
  );
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}

function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : shellQuote(text);
}
