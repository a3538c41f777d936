import { errorMessage } from "../../../base/error-message.js";
import type { Observer } from "../../../base/observer/observer.js";
import { hideKeys, printable } from "../../../base/printable.js";
import type { FileRules } from "../files/read-file.js";
import { WatchedFiles } from "../files/watched-files.js";
import type { Certificate } from "../format/certificate.js";
import { KeyRevocationList } from "../format/krl.js";
import { isCertificateType, type PublicKey, parsePublicKey } from "../format/public-key.js";

/** How files of revoked keys are read. */
export const REVOKED_KEYS_RULES: FileRules = {
  what: "revoked keys file",
  // Write access to the file is the power to restore a revoked key.
  forbiddenMode: 0o022,
  chmod: "chmod go-w",
  maxSize: 64 * 1024 * 1024,
};

/** The revocations of one file. */
interface RevocationList {
  revokes(key: PublicKey): boolean;
  revokesCertificate(certificate: Certificate): boolean;
}

/**
 * Revoked keys, certificates and authorities, which no other list can authorize: files as RevokedKeys of sshd_config(5), with
 * one public key per line, or key revocation lists of `ssh-keygen -k`. They are watched, and checked for changes at each login.
 */
export class RevokedKeys {
  readonly #watched: WatchedFiles<readonly RevocationList[]>;
  /** Calls `listener` after each change. Returns the function that removes it. */
  readonly onChange: (listener: () => void) => () => void;
  /** Stops watching. */
  readonly close: () => Promise<void>;

  private constructor(watched: WatchedFiles<readonly RevocationList[]>) {
    this.#watched = watched;
    this.onChange = watched.onChange;
    this.close = watched.close;
  }

  /**
   * Reads the files and starts to watch them; the caller closes it.
   * @throws Error of one line with the file name, and the line number where there is one
   */
  static async open(names: readonly string[], observer: Observer): Promise<RevokedKeys> {
    const watched: WatchedFiles<readonly RevocationList[]> = await WatchedFiles.open<readonly RevocationList[]>({
      files: names,
      rules: REVOKED_KEYS_RULES,
      observer,
      parse: (files) => files.map(({ name, data }) => parseList(name, data)),
      onReload: () => observer.keysReloaded?.({ list: "revoked keys", files: watched.files }),
      consequence: "public key authentication fails until the file is fixed",
    });
    return new RevokedKeys(watched);
  }

  /** Reads files again that have changed. A failure is in the log. */
  readonly refresh = (): Promise<void> => this.#watched.refresh().catch(() => {});

  /**
   * Why a key is revoked; undefined where it is not.
   * @param certificate of the key, if any; it and its authority are checked too
   * @throws Error of one line, where a file is unreadable or damaged now: revocations are unknown then
   */
  async reason(key: PublicKey, certificate?: Certificate): Promise<string | undefined> {
    await this.#watched.refresh();
    const lists = this.#watched.content;
    if (lists.some((list) => list.revokes(key))) return "the key is revoked";
    if (certificate === undefined) return undefined;
    if (lists.some((list) => list.revokes(certificate.authority))) return "the authority is revoked";
    if (lists.some((list) => list.revokesCertificate(certificate))) return "the certificate is revoked";
    return undefined;
  }
}

function parseList(file: string, data: Buffer): RevocationList {
  if (!KeyRevocationList.isKrl(data)) return parseLines(file, data.toString("utf8"));
  try {
    return new KeyRevocationList(data);
  } catch (error) {
    throw new Error(`${file}: ${errorMessage(error)}; create it again with \`ssh-keygen -k\``, { cause: error });
  }
}

/** An invalid line may be meant to revoke a key, so it makes the whole list invalid, as in sshd. */
function parseLines(file: string, text: string): RevocationList {
  const blobs = new Set<string>();
  const holdsKey = hideKeys(text) !== text;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [type = "", base64 = ""] = line.split(/[ \t]+/, 2);
    try {
      if (isCertificateType(type))
        throw new Error("a certificate; list its key here, or revoke the certificate with `ssh-keygen -k`");
      blobs.add(parsePublicKey(type, base64).blob.toString("base64"));
    } catch (error) {
      // Messages must not quote a private key.
      const why = holdsKey ? "the file contains a private key" : printable(errorMessage(error));
      throw new Error(`${file}:${index + 1}: ${why}; a revoked keys file has one public key per line`);
    }
  }
  return { revokes: ({ blob }) => blobs.has(blob.toString("base64")), revokesCertificate: () => false };
}
