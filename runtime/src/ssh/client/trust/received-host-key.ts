import { BinaryReader } from "../../keys/format/binary-reader.js";
import { type Certificate, parseCertificate } from "../../keys/format/certificate.js";
import { isCertificateType, type PublicKey, publicKeyFromBlob } from "../../keys/format/public-key.js";

/** The host key that a server sends in a key exchange, plain or in a certificate. */
export interface ReceivedHostKey {
  readonly key: PublicKey;
  readonly certificate: Certificate | undefined;
  /** For messages, such as `the ssh-ed25519 key SHA256:…`. */
  readonly label: string;
}

/** Parses a host key or host certificate in SSH's binary form; undefined where it is damaged. */
export function parseReceivedHostKey(blob: Buffer): ReceivedHostKey | undefined {
  const certificate = certificateOf(blob);
  const key = certificate?.key ?? publicKeyFromBlob(blob);
  return key && { key, certificate, label: `the ${key.type} key ${key.fingerprint}` };
}

function certificateOf(blob: Buffer): Certificate | undefined {
  try {
    return isCertificateType(new BinaryReader(blob).text()) ? parseCertificate(blob) : undefined;
  } catch {
    return undefined;
  }
}
