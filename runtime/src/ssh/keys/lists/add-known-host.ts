import { createHmac, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { errorMessage } from "../../../base/error-message.js";
import { makeDirectory } from "../../../base/make-directory.js";
import { expandHome } from "../files/read-file.js";
import { type PublicKey, publicKeyLine, sameKey } from "../format/public-key.js";
import { lookUpKnownHosts } from "./known-hosts.js";

/** A host to add to known_hosts. */
interface NewKnownHost {
  /** The name in known_hosts. */
  readonly name: string;
  readonly key: PublicKey;
  /** Whether to hash the name (ssh_config(5), HashKnownHosts). */
  readonly hashed: boolean;
}

/** Serializes additions, so that concurrent connections add a host once. */
let last: Promise<void> = Promise.resolve();

/**
 * Adds a line to a known_hosts file, which is created where it is missing, with mode 0600, in a directory with mode 0700. The
 * line is appended in one write, so that concurrent additions of other programs are kept.
 * @throws Error of one line with the file name
 */
export function addKnownHost(host: NewKnownHost, file: string): Promise<void> {
  const added = last.then(() => add(host, expandHome(file, "known hosts file")));
  last = added.catch(() => {});
  return added;
}

async function add({ name, key, hashed }: NewKnownHost, path: string): Promise<void> {
  try {
    const { known } = await lookUpKnownHosts([path], name, 22, name);
    if (known.some((entry) => sameKey(entry.key, key))) return;
    makeDirectory(dirname(path), 0o700);
    const handle = await open(path, "a+", 0o600);
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
      // Some editors save the last line without a newline.
      const start = bytesRead === 0 || buffer.toString() === "\n" ? "" : "\n";
      await handle.writeFile(`${start}${hashed ? hashName(name) : name} ${publicKeyLine(key)}\n`);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new Error(`cannot add ${name} to the known hosts file ${path}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** Hashes a name as `ssh-keygen -H` does: a salt, and the HMAC of the name with it. */
function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}
