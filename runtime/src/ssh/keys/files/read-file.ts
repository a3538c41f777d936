import { open, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { checkFileName } from "../../../base/printable.js";

/** What a file must be like, to be read. */
export interface FileRules {
  /** What it is, for messages, such as `host key`. */
  readonly what: string;
  /** Permission bits that it must not have, such as `0o077`. Not asked on Windows, which has none. */
  readonly forbiddenMode?: number;
  /** What to do about such bits, such as `chmod 600`. */
  readonly chmod?: string;
  /** In bytes. */
  readonly maxSize: number;
}

/** A file that was read, and a text that changes when the file does. */
export interface FileContent {
  readonly data: Buffer;
  readonly version: string;
}

/**
 * `~/` at the beginning of a path is the home directory, as shells have it: options may come from elsewhere.
 * @param what it is, for messages
 * @throws Error of one line, where it is a key itself: such a path must not reach the system, whose errors quote it
 */
export function expandHome(file: string, what: string): string {
  checkFileName(file, what);
  return file.startsWith("~/") ? join(homedir(), file.slice(2)) : file;
}

/**
 * Reads a whole file of keys.
 * @throws Error of one line that names the file and what to do; its `code` is the system's where there is one.
 */
export async function readFileChecked(file: string, rules: FileRules): Promise<FileContent> {
  // Asked before opening, because opening a pipe would wait for somebody to write into it; and again of what was
  // opened, because the name may have got another file between the two.
  await fileVersion(file, rules).catch(async (error) => {
    // The public half may be read by anybody: to close it would be the wrong advice.
    if (error instanceof TooOpen && isSecret(rules) && (await isPublicKey(file))) {
      throw new Error(`${rules.what} ${file} is a public key: name the private one, the file without .pub`);
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

/** The version of a file as {@link readFileChecked} would give it, without reading it. Refuses what that refuses. */
export async function fileVersion(file: string, rules: FileRules): Promise<string> {
  return checkStat(await stat(file).catch(explain(file, rules)), file, rules);
}

/** The versions of several files together. */
export async function filesVersion(files: readonly string[], rules: FileRules): Promise<string> {
  return (await Promise.all(files.map((file) => fileVersion(file, rules)))).join(" ");
}

class TooOpen extends Error {}

function isSecret({ forbiddenMode = 0 }: FileRules): boolean {
  return (forbiddenMode & 0o044) !== 0;
}

/** Whether a file begins as public keys do. */
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

type Stats = Awaited<ReturnType<typeof stat>>;

function checkStat(stats: Stats, file: string, rules: FileRules): string {
  const mode = Number(stats.mode);
  if (!stats.isFile()) throw new Error(`${rules.what} ${file} is not a file`);
  if (process.platform !== "win32" && (mode & (rules.forbiddenMode ?? 0)) !== 0) {
    const bits = (mode & 0o777).toString(8).padStart(4, "0");
    throw new TooOpen(`${rules.what} ${file} is too open (mode ${bits}): run \`${rules.chmod} ${file}\``);
  }
  if (stats.size > rules.maxSize) {
    throw new Error(`${rules.what} ${file} is larger than ${rules.maxSize} bytes: that is no such file`);
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
      return "may not be read by this user: check its owner and permissions";
    case "EISDIR":
      return "is a directory";
    default:
      return `could not be read: ${error.message}`;
  }
}
