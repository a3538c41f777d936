import { open, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { checkFileName } from "../../../base/printable.js";

/** The requirements on a file. */
export interface FileRules {
  /** The kind of file, for messages, such as `host key`. */
  readonly what: string;
  /** Permission bits that must not be set, such as `0o077`. Not checked on Windows. */
  readonly forbiddenMode?: number;
  /** The command that clears them, such as `chmod 600`. */
  readonly chmod?: string;
  /** In bytes. */
  readonly maxSize: number;
}

/** The content of a file, and a text that changes with the file. */
interface FileContent {
  readonly data: Buffer;
  readonly version: string;
}

/**
 * Expands a leading `~/` to the home directory, as a shell does.
 * @param what the kind of file, for messages
 * @throws Error of one line, where `file` is the text of a key: system errors would quote it
 */
export function expandHome(file: string, what: string): string {
  checkFileName(file, what);
  return file.startsWith("~/") ? join(homedir(), file.slice(2)) : file;
}

/**
 * Reads a key file.
 * @throws Error of one line with the file name and the fix; its `code` is that of the system error, if any
 */
export async function readFileChecked(file: string, rules: FileRules): Promise<FileContent> {
  // Checked before opening, which would block on a named pipe; and again after opening, since the name may refer to another
  // file by then.
  await fileVersion(file, rules).catch(async (error) => {
    // A public key may be world-readable: `chmod` would be the wrong advice.
    if (error instanceof TooOpen && isSecret(rules) && (await isPublicKey(file))) {
      throw new Error(`${rules.what} ${file}: a public key; name the private key, the file without .pub`);
    }
    throw error;
  });
  const handle = await open(file, "r").catch(explain(file, rules));
  try {
    const version = checkStat(await handle.stat(), file, rules);
    const data = await handle.readFile().catch(explain(file, rules));
    return { data, version };
  } finally {
    await handle.close();
  }
}

/** The version of a file, as of {@link readFileChecked}, without reading it. Throws as that does. */
export async function fileVersion(file: string, rules: FileRules): Promise<string> {
  return checkStat(await stat(file).catch(explain(file, rules)), file, rules);
}

class TooOpen extends Error {}

function isSecret({ forbiddenMode = 0 }: FileRules): boolean {
  return (forbiddenMode & 0o044) !== 0;
}

/** Whether a file starts like a public key. */
async function isPublicKey(file: string): Promise<boolean> {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return /^\s*(?:ssh|ecdsa|sk-(?:ssh|ecdsa))-\S+ /.test(buffer.toString("latin1", 0, bytesRead));
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

/** Users name it for an empty list, as in `UserKnownHostsFile /dev/null`. */
function isNull(file: string): boolean {
  return file === "/dev/null";
}

type Stats = Awaited<ReturnType<typeof stat>>;

function checkStat(stats: Stats, file: string, rules: FileRules): string {
  const mode = Number(stats.mode);
  if (!stats.isFile() && !isNull(file)) throw new Error(`${rules.what} ${file} is not a regular file`);
  if (process.platform !== "win32" && (mode & (rules.forbiddenMode ?? 0)) !== 0) {
    const bits = (mode & 0o777).toString(8).padStart(4, "0");
    throw new TooOpen(`${rules.what} ${file}: permissions ${bits} are too open; run \`${rules.chmod} ${file}\``);
  }
  if (stats.size > rules.maxSize) {
    throw new Error(`${rules.what} ${file} is larger than ${rules.maxSize} bytes`);
  }
  return [stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(":");
}

function explain(file: string, rules: FileRules): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw Object.assign(new Error(`${rules.what} ${file} ${reason(error)}`, { cause: error }), { code: error.code });
  };
}

function reason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
      return "does not exist";
    case "EACCES":
    case "EPERM":
      return "is not readable by this user: check its owner and permissions";
    case "EISDIR":
      return "is a directory";
    default:
      return `cannot be read: ${error.message}`;
  }
}
