import { errorMessage } from "../../../base/error-message.js";
import { type Certificate, parseCertificate } from "../format/certificate.js";
import { isCertificateType, type PublicKey } from "../format/public-key.js";
import { expandHome, readFileChecked } from "./read-file.js";

/** A user certificate that a client can offer. Only the server checks whether it is valid. */
export interface UserCertificate {
  /** Such as `ssh-ed25519-cert-v01@openssh.com`. */
  readonly type: string;
  /** SSH's binary form. */
  readonly blob: Buffer;
  /** The certified key. */
  readonly key: PublicKey;
  /** The file, for messages. */
  readonly source: string;
}

/**
 * Loads a user certificate, as `ssh-keygen -s` writes it: type, base64, and a comment.
 * @throws Error of one line with the file name, where the file is unreadable or not a user certificate; its `code` is that of
 * the system error, if any
 */
export async function loadUserCertificate(name: string): Promise<UserCertificate> {
  const source = expandHome(name, "certificate");
  const { data } = await readFileChecked(source, { what: "certificate", maxSize: 256 * 1024 });
  const [type = "", base64 = ""] = data.toString("latin1").trim().split(/\s+/);
  if (!isCertificateType(type)) throw new Error(`certificate ${source}: not a certificate`);
  return parseUserCertificate(Buffer.from(base64, "base64"), source);
}

/** @throws Error of one line where `blob` is not a user certificate */
export function parseUserCertificate(blob: Buffer, source: string): UserCertificate {
  const { type, key, role } = parse(blob, source);
  if (role !== "user") throw new Error(`certificate ${source}: not a user certificate, but a host certificate`);
  return { type, blob, key, source };
}

function parse(blob: Buffer, source: string): Certificate {
  try {
    return parseCertificate(blob);
  } catch (error) {
    throw new Error(`certificate ${source}: ${errorMessage(error)}`, { cause: error });
  }
}
