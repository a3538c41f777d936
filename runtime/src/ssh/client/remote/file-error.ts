import { printable } from "../../../base/printable.js";
import { RpcError } from "../../../contract/rpc-error.js";
import type { ErrorStatus } from "../../../contract/status.js";

/** What the tools of a POSIX system say, in the language of programmers, and what it means. */
const MEANINGS: readonly (readonly [RegExp, ErrorStatus])[] = [
  [/no such file|not found|nonexistent/i, "NOT_FOUND"],
  [/permission denied|not permitted|read-only/i, "FORBIDDEN"],
  [/is a directory|not a directory|name too long/i, "BAD_REQUEST"],
  [/no space|quota|too large/i, "RESOURCE_EXHAUSTED"],
];

/** The error for a file that could not be copied, from what a command, or the system, said of it. */
export function fileError(file: string, said: string, cause?: unknown): RpcError {
  const [, status = "UNAVAILABLE"] = MEANINGS.find(([pattern]) => pattern.test(said)) ?? [];
  const text = printable(said.trim().split("\n").at(-1) ?? "");
  return new RpcError(status, `${printable(file)} was not copied: ${text || "the command failed"}`, { cause });
}

/** What a copy has failed with: an error of the system is about the local file; every other one is given as it is. */
export function localFailure(file: string, error: unknown): unknown {
  return error instanceof Error && "syscall" in error ? fileError(file, error.message, error) : error;
}
