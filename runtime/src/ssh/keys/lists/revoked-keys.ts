import { errorMessage } from "../../../base/error-message.js";
import type { Logger } from "../../../base/log.js";
import { hideKeys, printable } from "../../../base/printable.js";
import { expandHome, type FileRules, filesVersion, readFileChecked } from "../files/read-file.js";
import { RefreshCoalescer } from "../files/refresh-coalescer.js";
import { settled } from "../files/settled.js";
import { watchFiles } from "../files/watch-files.js";
import type { Certificate } from "../format/certificate.js";
import { KeyRevocationList } from "../format/krl.js";
import { isCertificateType, type PublicKey, parsePublicKey } from "../format/public-key.js";

const RULES: FileRules = {
  what: "list of revoked keys",
  // Whoever may write it may let a revoked key in again.
  forbiddenMode: 0o022,
  chmod: "chmod go-w",
  maxSize: 64 * 1024 * 1024,
};

/** What one file revokes. */
interface RevokedList {
  revokes(key: PublicKey): boolean;
  revokesCertificate(certificate: Certificate): boolean;
}

/**
 * Keys, certificates and authorities that count no more, whatever lists them: files as sshd's RevokedKeys takes them,
 * with a public key a line, or of the binary format that `ssh-keygen -k` writes. They are watched, and looked at again
 * at each question.
 */
export class RevokedKeys {
  readonly #files: readonly string[];
  readonly #log: Logger;
  readonly #listeners = new Set<() => void>();
  #version = "";
  #failure = "";
  #lists: readonly RevokedList[] = [];
  readonly #looks = new RefreshCoalescer(() => this.#read());
  #stop: (() => Promise<void>) | undefined;

  private constructor(files: readonly string[], log: Logger) {
    this.#files = files.map((file) => expandHome(file, RULES.what));
    this.#log = log;
  }

  /**
   * Reads the files and begins to watch them; whoever opened it closes it.
   * @throws Error of one line that names the file, and the line where there is one
   */
  static async open(names: readonly string[], log: Logger): Promise<RevokedKeys> {
    const revoked = new RevokedKeys(names, log);
    await revoked.#refresh();
    const files = revoked.#files;
    const look = (): void => void revoked.#refresh().catch((error: Error) => revoked.#complain(error));
    revoked.#stop = await watchFiles(files, look, (err) =>
      log.warn({ err, files }, "the lists of revoked keys cannot be watched; they are looked at every 2 seconds"),
    );
    return revoked;
  }

  /**
   * Why a key may not be used; undefined where nothing is said against it.
   * @param certificate Where the key has one: it and its authority are looked up too
   * @throws Error of one line, where a file cannot be read any more, or is damaged: nobody can say then what is revoked
   */
  async reason(key: PublicKey, certificate?: Certificate): Promise<string | undefined> {
    await this.#refresh();
    if (this.#lists.some((list) => list.revokes(key))) return "the key is revoked";
    if (certificate === undefined) return undefined;
    if (this.#lists.some((list) => list.revokes(certificate.authority))) return "the authority is revoked";
    if (this.#lists.some((list) => list.revokesCertificate(certificate))) return "the certificate is revoked";
    return undefined;
  }

  /** Calls `listener` when the files have changed. Gives what stops it. */
  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Stops watching. */
  readonly close = async (): Promise<void> => {
    this.#listeners.clear();
    await this.#stop?.();
  };

  /** Takes in what has changed. */
  #refresh(): Promise<void> {
    return this.#looks.look();
  }

  async #read(): Promise<void> {
    const version = (): Promise<string> => filesVersion(this.#files, RULES);
    if ((await version()) === this.#version) return;
    const isFirst = this.#version === "";
    // A list that is being written revokes less than it will.
    if (!isFirst) await settled(version);
    const contents = await Promise.all(this.#files.map((file) => readFileChecked(file, RULES)));
    const lists = contents.map(({ data }, at) => readList(this.#files[at] as string, data));
    this.#lists = lists;
    this.#version = contents.map(({ version }) => version).join(" ");
    this.#failure = "";
    if (isFirst) return;
    this.#log.info({ files: this.#files }, "revoked keys read again");
    for (const listener of this.#listeners) listener();
  }

  #complain({ message }: Error): void {
    if (message !== this.#failure) {
      this.#log.error({ files: this.#files }, `${message}; until it is mended, nobody is let in with a key`);
    }
    this.#failure = message;
  }
}

function readList(file: string, data: Buffer): RevokedList {
  if (!KeyRevocationList.isOne(data)) return readLines(file, data.toString("utf8"));
  try {
    return new KeyRevocationList(data);
  } catch (error) {
    throw new Error(`${file}: ${errorMessage(error)}: make it anew with \`ssh-keygen -k\``, { cause: error });
  }
}

/** A line that is not understood might revoke a key: it spoils the list, as it does for sshd. */
function readLines(file: string, text: string): RevokedList {
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
        throw new Error("a certificate: list its key here, or the certificate with ssh-keygen -k");
      blobs.add(parsePublicKey(type, base64).blob.toString("base64"));
    } catch (error) {
      // The lines of a private key must not be quoted.
      const why = holdsKey ? "the file holds a private key" : printable(errorMessage(error));
      throw new Error(`${file}:${index + 1}: ${why}; a list of revoked keys has a public key a line`);
    }
  }
  return { revokes: ({ blob }) => blobs.has(blob.toString("base64")), revokesCertificate: () => false };
}
