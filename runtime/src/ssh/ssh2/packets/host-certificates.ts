import type { Client } from "ssh2";
import { plainKeyType } from "../../keys/format/certificate.js";
import { internalsOf } from "../internals.js";
import { changeOffer } from "../kex/change-offer.js";

/**
 * The types of host certificates that work with {@link showPlainKey}. ssh2 requires the type of an RSA certificate to
 * equal the name of its signature (protocol/kex.js:1170), so those are missing.
 */
const TYPES: readonly string[] = [
  "ssh-ed25519-cert-v01@openssh.com",
  "ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "ecdsa-sha2-nistp384-cert-v01@openssh.com",
  "ecdsa-sha2-nistp521-cert-v01@openssh.com",
];

/** Prefers certificates over plain host keys. ssh2 rejects their names as options. Called right after `connect`. */
export function askForCertificates(client: Client): void {
  changeOffer(internalsOf(client).protocol, { serverHostKey: (names) => [...TYPES, ...names] });
}

/**
 * Makes ssh2 verify the signature of a key exchange with the key inside a certificate, which it cannot parse. The
 * signed data has the whole certificate (RFC 4253, section 8): ssh2 reads it first (protocol/kex.js:591), then reads
 * the key twice (kex.js:673 and 675). In any other order the signature is invalid, and the host rejected. Called when
 * ssh2 passes the certificate to `hostVerifier`. test/interop/host-certificates.test.ts notices a change.
 * @param key the fields of the key, in SSH's binary form
 */
export function showPlainKey(client: Client, certificate: Buffer, key: Buffer): void {
  const exchange = internalsOf(client).protocol._kex;
  if (exchange === undefined) return;
  const type = plainKeyType(exchange.negotiated.serverHostKey);
  if (type === undefined || !key.subarray(4).toString("latin1").startsWith(type)) return;
  exchange.negotiated.serverHostKey = type;
  let reads = 0;
  Object.defineProperty(exchange, "_hostKey", {
    get: () => (reads++ === 0 ? certificate : key),
    set: (value: Buffer | undefined) => {
      Object.defineProperty(exchange, "_hostKey", { value, writable: true });
    },
    configurable: true,
  });
}
