import type { Client } from "ssh2";
import { plainKeyType } from "../keys/format/certificate.js";
import { internalsOf } from "./internals.js";
import { changeOffer } from "./packets/change-offer.js";

/**
 * The certificates of hosts that can be asked for, with {@link showPlainKey}. Not those of RSA keys, whose type ssh2 does not
 * let differ from the name of their signature.
 */
const TYPES: readonly string[] = [
  "ssh-ed25519-cert-v01@openssh.com",
  "ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "ecdsa-sha2-nistp384-cert-v01@openssh.com",
  "ecdsa-sha2-nistp521-cert-v01@openssh.com",
];

/** What ssh2 keeps of an exchange of keys that goes on. */
interface Exchange {
  readonly negotiated: { serverHostKey: string };
  _hostKey: Buffer | undefined;
}

/** Asks a host for a certificate before any key. To be called right after `connect`. */
export function askForCertificates(client: Client): void {
  changeOffer(internalsOf(client).protocol, { serverHostKey: (names) => [...TYPES, ...names] });
}

/**
 * Lets ssh2 verify the signature of an exchange of keys with the key inside of a certificate, which it cannot read. What is
 * signed has the whole certificate in it (RFC 4253, section 8), and ssh2 reads that first; then it reads the key, twice. In any
 * other order the signature would not be good, and the host be refused. To be called when ssh2 shows the certificate.
 * @param key the fields of the key, in SSH's binary form
 */
export function showPlainKey(client: Client, certificate: Buffer, key: Buffer): void {
  const exchange = internalsOf(client).protocol._kex as unknown as Exchange;
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
