import { errorMessage } from "../../../base/error-message.js";
import { parseCertificate } from "../format/certificate.js";
import type { PublicKey } from "../format/public-key.js";
import { expandHome, readFileChecked } from "./read-file.js";

/** A certificate that a client can show beside the key that it certifies. Whether it holds is for the server to say. */
export interface ShownCertificate {
  /** Such as `ssh-ed25519-cert-v01@openssh.com`. */
  readonly type: string;
  /** The whole of it in SSH's binary form. */
  readonly blob: Buffer;
  /** The key that it certifies. */
  readonly key: PublicKey;
  /** Where it came from, for messages. */
  readonly source: string;
}

/**
 * Loads a user certificate, as `ssh-keygen -s` writes it: type, base64, and a comment.
 * @throws Error of one line that names the file, where it cannot be read, or holds none for a user; its `code` is the
 * system's where there is one
 */
export async function loadCertificate(name: string): Promise<ShownCertificate> {
  const source = expandHome(name, "certificate");
  const { data } = await readFileChecked(source, { what: "certificate", maxSize: 256 * 1024 });
  const [type = "", base64 = ""] = data.toString("latin1").trim().split(/\s+/);
  if (!type.endsWith("-cert-v01@openssh.com")) throw new Error(`certificate ${source} holds no certificate`);
  return showCertificate(Buffer.from(base64, "base64"), source);
}

/** @throws Error of one line, where `blob` is no certificate for a user */
export function showCertificate(blob: Buffer, source: string): ShownCertificate {
  const { type, key, role } = explain(source, () => parseCertificate(blob));
  if (role !== "user") throw new Error(`certificate ${source} is for a host, and logs nobody in`);
  return { type, blob, key, source };
}

function explain<T>(source: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(`certificate ${source}: ${errorMessage(error)}`, { cause: error });
  }
}
