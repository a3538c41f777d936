import { errorMessage } from "../../../base/error-message.js";
import { grants, isScope, type PeerCertificate, type PeerPermissions } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { BinaryReader } from "../../keys/format/binary-reader.js";
import { type Certificate, FOREVER, isSignedByItsAuthority } from "../../keys/format/certificate.js";
import { AddressPatterns } from "../../keys/lists/address-patterns.js";
import { hostOf } from "../../keys/lists/host-of.js";
import type { KeyAuthority, KeyGrant, KeySource } from "../../keys/lists/key-lookup.js";
import type { Withdrawal } from "./decision.js";

/** The extension in which an authority says what the holder may do: a comma list of scopes. */
const SCOPES_EXTENSION = "scopes@sshrpc";

/** Who presents a certificate. */
export interface CertificateHolder {
  readonly user: string;
  readonly address: string;
}

/**
 * What a user certificate gets its holder, once the key in it has signed. What sshd(8) and PROTOCOL.certkeys ask for is
 * asked for here: an authority that is listed and has signed it, the time, the principals, and every critical option.
 * @returns The reason for the log, where it gets nothing
 * @throws what the look-up of the authorities throws
 */
export async function certificateGrant(
  certificate: Certificate,
  holder: CertificateHolder,
  authorities: KeySource["authorities"],
): Promise<KeyGrant | Withdrawal> {
  if (certificate.role !== "user") return refused("it is a host certificate, which lets no user in");
  const candidates = await authorities({ ...holder, key: certificate.authority });
  if (candidates.length === 0) return refused("its authority is not listed");
  if (!isSignedByItsAuthority(certificate)) return refused("its authority has not signed it, or with SHA-1");
  const wrongTime = timeRefusal(certificate);
  if (wrongTime !== undefined) return refused(wrongTime);
  if (certificate.principals.length === 0) return refused("it names no principal, so that it would be anybody's");
  const authority = candidates.find(({ principals }) => namesOne(certificate, principals ?? [holder.user]));
  if (authority === undefined) return refused(`none of its principals is ${wanted(candidates, holder.user)}`);
  const unmet = optionRefusal(certificate, holder.address);
  return unmet === undefined ? toGrant(certificate, authority) : refused(unmet);
}

/** The certificate as handlers and logs see it. */
export function describeCertificate(certificate: Certificate): PeerCertificate {
  const { keyId, serial, principals, authority, validBefore, extensions } = certificate;
  return {
    keyId: printable(keyId),
    serial: serial.toString(),
    principals,
    authority: authority.fingerprint,
    ...(validBefore !== FOREVER && { validBefore: milliseconds(validBefore) }),
    extensions: new Map([...extensions].map(([name, data]) => [name, optionText(data) ?? ""])),
  };
}

function refused(reason: string): Withdrawal {
  return { deny: `the certificate is refused: ${reason}` };
}

function timeRefusal({ validAfter, validBefore }: Certificate): string | undefined {
  const now = BigInt(Math.floor(Date.now() / 1000));
  if (now < validAfter) return `it is not valid before ${date(validAfter)}`;
  return now < validBefore ? undefined : `it has expired on ${date(validBefore)}`;
}

function date(seconds: bigint): string {
  return new Date(milliseconds(seconds)).toISOString();
}

/** Dates end in the year 275760. */
function milliseconds(seconds: bigint): number {
  return Math.min(Number(seconds) * 1000, 8.64e15);
}

function namesOne({ principals }: Certificate, names: readonly string[]): boolean {
  return names.some((name) => principals.includes(name));
}

function wanted(candidates: readonly KeyAuthority[], user: string): string {
  return candidates.map(({ principals }) => printable(principals?.join(" or ") ?? user)).join(", or ");
}

/** Why a critical option cannot be kept; all are kept or refused. */
function optionRefusal({ criticalOptions }: Certificate, address: string): string | undefined {
  for (const [name, data] of criticalOptions) {
    if (name === "source-address") {
      const why = sourceRefusal(optionText(data), address);
      if (why !== undefined) return why;
    } else if (name === "force-command") {
      return "it forces a command, which takes the place of every call: this server cannot keep that";
    } else if (name !== "verify-required") {
      return `its critical option ${printable(name, 60)} is not known`;
    }
  }
  return undefined;
}

function sourceRefusal(list: string | undefined, address: string): string | undefined {
  const host = hostOf(address);
  try {
    if (list !== undefined && new AddressPatterns(list).allows(host)) return undefined;
  } catch (error) {
    return `its source-address is damaged: ${errorMessage(error)}`;
  }
  return `its source-address ${printable(list ?? "")} does not cover ${host}`;
}

/** Options with a value hold it as a string within their data; flags hold nothing. Undefined where it is neither. */
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
  const { keyId, validBefore, criticalOptions, extensions } = certificate;
  const { principals: _, ...grant } = authority;
  const expires = Math.min(authority.expires ?? Number.POSITIVE_INFINITY, milliseconds(validBefore));
  return {
    ...grant,
    keyName: printable(keyId),
    scopes: certifiedScopes(certificate, authority.scopes),
    ...(validBefore !== FOREVER || authority.expires !== undefined ? { expires } : {}),
    permissions: certifiedPermits(certificate, authority.permissions),
    touchRequired: authority.touchRequired !== false || !extensions.has("no-touch-required"),
    verifyRequired: authority.verifyRequired === true || criticalOptions.has("verify-required"),
  };
}

/** What the certificate asks for, as far as its authority may grant it; all of that, where it does not say. */
export function certifiedScopes({ extensions }: Certificate, granted: readonly string[]): readonly string[] {
  const data = extensions.get(SCOPES_EXTENSION);
  if (data === undefined) return granted;
  const asked = (optionText(data) ?? "").split(",").map((scope) => scope.trim());
  const valid = asked.filter((scope) => isScope(scope));
  return [...new Set(commonScopes(valid, granted))];
}

/** The scopes that both lists grant, patterns among them. */
export function commonScopes(some: readonly string[], others: readonly string[]): readonly string[] {
  return [...some.filter((scope) => grants(others, scope)), ...others.filter((scope) => grants(some, scope))];
}

/** A certificate gives no terminal and no forwarding by itself: `ssh-keygen` writes an extension for each. */
function certifiedPermits({ extensions }: Certificate, granted: PeerPermissions | undefined): PeerPermissions {
  return {
    ...granted,
    pty: granted?.pty !== false && extensions.has("permit-pty"),
    portForwarding: granted?.portForwarding !== false && extensions.has("permit-port-forwarding"),
  };
}
