import { createHmac, randomBytes } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { errorMessage } from "../../../base/error-message.js";
import { expandHome } from "../files/read-file.js";
import { type PublicKey, publicKeyLine, sameKey } from "../format/public-key.js";
import { lookUpKnownHosts } from "./known-hosts.js";

/** Connections of one process that meet the same new host add it once. */
let last: Promise<void> = Promise.resolve();

/**
 * Adds a line to a known_hosts file, which is made where it is missing, with mode 0600, in a directory with mode 0700. It is
 * written at the end in one piece: what other programs add at the same time stays.
 * @param name of the host, as known_hosts calls it
 * @param hashed whether the name is to be unreadable (ssh_config(5), HashKnownHosts)
 * @throws Error of one line that names the file
 */
export function addKnownHost(name: string, key: PublicKey, file: string, hashed: boolean): Promise<void> {
  const added = last.then(() => add(name, key, expandHome(file, "known hosts file"), hashed));
  last = added.catch(() => {});
  return added;
}

async function add(name: string, key: PublicKey, path: string, hashed: boolean): Promise<void> {
  try {
    const { known } = await lookUpKnownHosts([path], name, 22, name);
    if (known.some((entry) => sameKey(entry.key, key))) return;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, "a+", 0o600);
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
      // The last line of some editors has no end.
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

/** As `ssh-keygen -H` writes it: a salt, and the HMAC of the name with it. */
function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}
