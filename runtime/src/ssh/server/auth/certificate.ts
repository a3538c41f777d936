import { errorMessage } from "../../../base/error-message.js";
import { hostOf } from "../../../base/net/host-port.js";
import { isScope, type PeerCertificate, type PeerPermissions } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "../../keys/format/binary-reader.js";
import type { Certificate } from "../../keys/format/certificate.js";
import { checkCertificate, expiryOf } from "../../keys/format/check-certificate.js";
import { AddressPatterns } from "../../keys/lists/address-patterns.js";
import type { KeyAuthority, KeyGrant, KeySource } from "../../keys/lists/key-lookup.js";
import type { Denial } from "./decision.js";
import { checkGrant, commonScopes } from "./login-grant.js";

/** The extension in which an authority lists the scopes of the holder, separated by commas. */
const SCOPES_EXTENSION = "scopes@sshrpc";

/** The peer that presents a certificate. */
export interface CertificateHolder {
  readonly user: string;
  readonly address: string;
}

/**
 * The grant of a user certificate, which applies once its key has signed. It requires what sshd(8) and PROTOCOL.certkeys
 * require: a listed authority and its signature, the validity period, a principal, and every critical option.
 * @returns The denial, where a requirement is not met
 * @throws what the lookup of the authorities throws
 */
export async function certificateGrant(
  certificate: Certificate,
  holder: CertificateHolder,
  authorities: KeySource["authorities"],
): Promise<KeyGrant | Denial> {
  const candidates = await authorities({ ...holder, key: certificate.authority });
  if (candidates.length === 0) return denied("its authority is not listed");
  for (const candidate of candidates) checkGrant(candidate, { principals: true });
  const problem = checkCertificate(certificate, "user", Date.now());
  if (problem !== undefined) return denied(problem);
  if (certificate.principals.length === 0) return denied("its list of principals is empty");
  const accepting = accept(certificate, candidates, holder.user);
  if (accepting === undefined) return denied(`none of its principals is ${accepted(candidates, holder.user)}`);
  const unmet = checkCriticalOptions(certificate, holder.address);
  return unmet === undefined
    ? { ...toGrant(certificate, accepting.authority), principal: accepting.principal }
    : denied(unmet);
}

/** The fields of a certificate for handlers and logs. */
export function describeCertificate(certificate: Certificate): PeerCertificate {
  const { keyId, serial, principals, authority, extensions } = certificate;
  const validBefore = expiryOf(certificate);
  return {
    keyId: printable(keyId),
    serial: serial.toString(),
    principals,
    authority: authority.fingerprint,
    ...(validBefore !== undefined && { validBefore }),
    extensions: new Map([...extensions].map(([name, data]) => [name, optionText(data) ?? ""])),
  };
}

function denied(reason: string): Denial {
  return { deny: `the certificate is not accepted: ${reason}` };
}

/** The first authority that accepts one of the principals, and this principal: the user name, if it is one of them. */
function accept(
  { principals }: Certificate,
  candidates: readonly KeyAuthority[],
  user: string,
): { readonly authority: KeyAuthority; readonly principal: string } | undefined {
  for (const authority of candidates) {
    const shared = (authority.principals ?? [user]).filter((name) => principals.includes(name));
    const [principal] = shared.includes(user) ? [user] : shared;
    if (principal !== undefined) return { authority, principal };
  }
  return undefined;
}

function accepted(candidates: readonly KeyAuthority[], user: string): string {
  return candidates.map(({ principals }) => printable(principals?.join(" or ") ?? user)).join(", or ");
}

/** The reason why a critical option is not met; an option is enforced or the certificate is denied. */
function checkCriticalOptions({ criticalOptions }: Certificate, address: string): string | undefined {
  for (const [name, data] of criticalOptions) {
    if (name === "source-address") {
      const reason = checkSourceAddress(optionText(data), address);
      if (reason !== undefined) return reason;
    } else if (name === "force-command") {
      return "force-command is not supported: this server runs calls, not commands";
    } else if (name !== "verify-required") {
      return `unknown critical option ${printable(name, 60)}`;
    }
  }
  return undefined;
}

function checkSourceAddress(list: string | undefined, address: string): string | undefined {
  const host = hostOf(address);
  // As in sshd: an exclusion or a wildcard has no meaning here, and could not be what the authority intended.
  if (list !== undefined && !/^[0-9a-f.:/,]*$/i.test(list)) {
    return `invalid source-address "${printable(list, 60)}": it takes addresses and networks only`;
  }
  try {
    if (list !== undefined && new AddressPatterns(list).allows(host)) return undefined;
  } catch (error) {
    return `invalid source-address: ${errorMessage(error)}`;
  }
  return `source-address ${printable(list ?? "")} does not include ${host}`;
}

/** The value of an option, a string within its data; undefined where the data is something else, such as a flag. */
function optionText(data: Buffer): string | undefined {
  try {
    const reader = new BinaryReader(data);
    const text = reader.text();
    return reader.done ? text : undefined;
  } catch {
    return undefined;
  }
}

function toGrant(certificate: Certificate, authority: KeyAuthority): KeyGrant {
  const { keyId, criticalOptions, extensions } = certificate;
  const { principals: _, ...grant } = authority;
  const expires = Math.min(
    authority.expires ?? Number.POSITIVE_INFINITY,
    expiryOf(certificate) ?? Number.POSITIVE_INFINITY,
  );
  return {
    ...grant,
    keyName: printable(keyId),
    scopes: certifiedScopes(certificate, authority.scopes),
    ...(Number.isFinite(expires) && { expires }),
    permissions: certifiedPermissions(certificate, authority.permissions),
    touchRequired: authority.touchRequired !== false || !extensions.has("no-touch-required"),
    verifyRequired: authority.verifyRequired === true || criticalOptions.has("verify-required"),
  };
}

/** The scopes that both the certificate and its authority grant; without the extension, those of the authority. */
export function certifiedScopes({ extensions }: Certificate, granted: readonly string[]): readonly string[] {
  const data = extensions.get(SCOPES_EXTENSION);
  if (data === undefined) return granted;
  const requested = (optionText(data) ?? "").split(",").map((scope) => scope.trim());
  const valid = requested.filter((scope) => isScope(scope));
  return [...new Set(commonScopes(valid, granted))];
}

/** A terminal and forwarding require an extension each, which `ssh-keygen` writes by default. */
function certifiedPermissions({ extensions }: Certificate, granted: PeerPermissions | undefined): PeerPermissions {
  return {
    ...granted,
    pty: granted?.pty !== false && extensions.has("permit-pty"),
    portForwarding: granted?.portForwarding !== false && extensions.has("permit-port-forwarding"),
  };
}
