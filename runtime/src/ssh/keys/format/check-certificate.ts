import { printable } from "../../../base/printable.js";
import { type Certificate, FOREVER, isSignedByItsAuthority } from "./certificate.js";

/**
 * Checks what user and host certificates have in common: role, signature and validity. Whether the authority is trusted is for
 * the caller to check.
 * @param now in milliseconds since 1970
 * @returns why the certificate is invalid; undefined where it is valid
 */
export function checkCertificate(certificate: Certificate, role: Certificate["role"], now: number): string | undefined {
  const { validAfter, validBefore } = certificate;
  const seconds = BigInt(Math.floor(now / 1000));
  if (certificate.role !== role) return `it is a ${certificate.role} certificate, not a ${role} certificate`;
  if (!isSignedByItsAuthority(certificate)) return "invalid signature of its authority (SHA-1 is not accepted)";
  if (seconds < validAfter) return `it is not valid before ${date(validAfter)}`;
  if (seconds >= validBefore) return `it expired on ${date(validBefore)}`;
  return undefined;
}

/**
 * Checks a host certificate as ssh does.
 * @param host the host name without port
 * @param now in milliseconds since 1970
 * @returns why the certificate is invalid; undefined where it is valid
 */
export function checkHostCertificate(certificate: Certificate, host: string, now: number): string | undefined {
  const { principals, criticalOptions } = certificate;
  const problem = checkCertificate(certificate, "host", now);
  if (problem !== undefined) return problem;
  const [option] = criticalOptions.keys();
  if (option !== undefined) return `unknown critical option ${printable(option, 60)}`;
  // As in ssh: a host certificate without principals is valid for every host.
  if (principals.length === 0 || principals.includes(host.toLowerCase())) return undefined;
  return `its principals ${printable(principals.join(", "), 200)} do not include ${host}`;
}

/** When a certificate expires, in milliseconds since 1970; undefined where it never does. */
export function expiryOf({ validBefore }: Certificate): number | undefined {
  return validBefore === FOREVER ? undefined : milliseconds(validBefore);
}

function date(seconds: bigint): string {
  return new Date(milliseconds(seconds)).toISOString();
}

/** At most the last instant that a Date can hold, in the year 275760. */
function milliseconds(seconds: bigint): number {
  return Math.min(Number(seconds) * 1000, 8.64e15);
}
