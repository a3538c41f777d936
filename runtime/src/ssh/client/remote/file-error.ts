import { printable } from "../../../base/printable.js";
import { SshError, type SshErrorKind } from "../../ssh-error.js";

/** The error texts of POSIX tools, in English, and their kinds. */
const KINDS: readonly (readonly [RegExp, SshErrorKind])[] = [
  [/no such file|not found|nonexistent/i, "not-found"],
  [/permission denied|not permitted|read-only/i, "forbidden"],
  [/is a directory|not a directory|name too long/i, "bad-request"],
  [/no space|quota|too large/i, "exhausted"],
];

const IS_DIRECTORY = "Is a directory";
const HINT = "; name the file";

/**
 * The error of a file that a remote command could not copy.
 * @param output what the command printed, such as `sh: 1: cannot create /x/file.part: Permission denied`
 */
export function fileError(file: string, output: string, cause?: unknown): SshError {
  const line = output.trim().split("\n").at(-1) ?? "";
  // Only the reason: the rest is about the shell and the partial file.
  return errorOf(file, line.split(": ").at(-1) ?? "", cause);
}

function errorOf(file: string, reason: string, cause: unknown): SshError {
  const [, kind = "unavailable"] = KINDS.find(([pattern]) => pattern.test(reason)) ?? [];
  const hint = reason === IS_DIRECTORY ? HINT : "";
  return new SshError(kind, `cannot copy ${printable(file)}: ${printable(reason) || "the command failed"}${hint}`, {
    cause,
  });
}

/** Whether a {@link fileError} says that this file is a directory. */
export function isDirectoryError(error: unknown, file: string): boolean {
  return error instanceof SshError && error.message === `cannot copy ${printable(file)}: ${IS_DIRECTORY}${HINT}`;
}

/** Makes a {@link fileError} of a system error, which is about the local file; returns any other error unchanged. */
export function localFailure(file: string, error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? errorOf(file, error.message, error) : error;
}
