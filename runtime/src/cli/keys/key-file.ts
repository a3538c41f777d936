import { randomBytes } from "node:crypto";
import { chown, open, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expandHome, readFileChecked } from "../../ssh/keys/files/read-file.js";
import { AUTHORIZED_KEYS_RULES } from "../../ssh/keys/lists/authorized-keys-files.js";
import type { CliIo } from "../shared/io.js";
import { type KeyLine, readKeyLines } from "./key-lines.js";
import { withLock } from "./lock.js";

/**
 * The lines of an authorized_keys file.
 * @throws Error where the file is missing, unreadable or writable by others
 */
export async function readKeyFile(file: string): Promise<readonly KeyLine[]> {
  const { data } = await readFileChecked(expandHome(file, AUTHORIZED_KEYS_RULES.what), AUTHORIZED_KEYS_RULES);
  return readKeyLines(data.toString("utf8"));
}

interface EditOptions {
  readonly io: CliIo;
  /** Creates a missing file with mode 0600. Default: false; a missing file is an error. */
  readonly create?: boolean;
}

/**
 * Changes an authorized_keys file atomically, under a lock. It keeps the mode of the file. If `edit` throws, the file does
 * not change.
 */
export async function editKeyFile(
  file: string,
  edit: (lines: readonly KeyLine[]) => readonly string[],
  options: EditOptions,
): Promise<readonly KeyLine[]> {
  // Replace the target of a symbolic link, not the link.
  const named = expandHome(file, AUTHORIZED_KEYS_RULES.what);
  const path = await realpath(named).catch(() => named);
  return withLock({ lock: `${path}.lock`, pid: options.io.pid }, async () => {
    const before = await readFileChecked(path, AUTHORIZED_KEYS_RULES).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" && options.create) return undefined;
      throw error;
    });
    const text = `${edit(readKeyLines(before?.data.toString("utf8") ?? "")).join("\n")}\n`;
    await replaceFile(path, text);
    return readKeyLines(text);
  });
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      const old = await open(path, "r").catch(() => undefined);
      const stats = await old?.stat().finally(() => old.close());
      if (stats !== undefined) {
        await handle.chmod(stats.mode & 0o777);
        // Only root can change the owner; for other users it is already correct.
        if (stats.uid !== (await handle.stat()).uid) await chown(temporary, stats.uid, stats.gid).catch(() => {});
      }
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`${path}: cannot be written: ${code ?? message}`, { cause: error });
  }
}
