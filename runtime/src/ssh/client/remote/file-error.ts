import { printable } from "../../../base/printable.js";
import { SshError, type SshErrorKind } from "../../ssh-error.js";

/** The error texts of POSIX tools, in English, and their kinds. */
const KINDS: readonly (readonly [RegExp, SshErrorKind])[] = [
  [/no such file|not found|nonexistent/i, "not-found"],
  [/permission denied|not permitted|read-only/i, "forbidden"],
  [/is a directory|not a directory|name too long/i, "bad-request"],
  [/no space|quota|too large/i, "exhausted"],
];

/**
 * The error of a file that could not be copied.
 * @param output what a command, or the system, printed
 */
export function fileError(file: string, output: string, cause?: unknown): SshError {
  const [, kind = "unavailable"] = KINDS.find(([pattern]) => pattern.test(output)) ?? [];
  const text = printable(output.trim().split("\n").at(-1) ?? "");
  return new SshError(kind, `cannot copy ${printable(file)}: ${text || "the command failed"}`, { cause });
}

/** Makes a {@link fileError} of a system error, which is about the local file; returns any other error unchanged. */
export function localFailure(file: string, error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? fileError(file, error.message, error) : error;
}
