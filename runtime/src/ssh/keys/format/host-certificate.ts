import { printable } from "../../../base/printable.js";
import { type Certificate, FOREVER, isSignedByItsAuthority } from "./certificate.js";

/**
 * What speaks against a certificate that a host shows, as ssh sees it; undefined where nothing does. Whether its authority is
 * to be trusted is another question.
 * @param host the name that the host is known by, without its port
 * @param now in milliseconds since 1970
 */
export function objectionToHostCertificate(certificate: Certificate, host: string, now: number): string | undefined {
  const { role, principals, validAfter, validBefore, criticalOptions } = certificate;
  const seconds = BigInt(Math.floor(now / 1000));
  if (!isSignedByItsAuthority(certificate)) return "its signature is not of its authority";
  if (role !== "host") return "it is for users, not for hosts";
  if (seconds < validAfter) return `it is not valid before ${time(validAfter)}`;
  if (validBefore !== FOREVER && seconds >= validBefore) return `it expired at ${time(validBefore)}`;
  const [option] = criticalOptions.keys();
  if (option !== undefined) return `it has the critical option ${printable(option, 60)}, which nobody knows`;
  // Without names it is good for every host, as ssh has it.
  if (principals.length === 0 || principals.includes(host.toLowerCase())) return undefined;
  return `it is for ${printable(principals.join(", "), 200)}, not for ${host}`;
}

function time(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString();
}
