import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Context, RpcError } from "sshrpc/server";
import type { FilesHandlers } from "../../generated/server.js";
import type { Checksum } from "../../generated/types.js";
import { type Part, receiveFile, removeLeftovers } from "../lib/receive-file.js";
import { sendFile } from "../lib/send-file.js";

/**
 * The files of one folder. The schema's pattern keeps names inside the folder. Only regular files are served.
 * @param folder created if missing; incomplete files of an earlier server are removed
 */
export function files(folder: string): FilesHandlers {
  removeLeftovers(folder);
  return {
    async *get({ name }, ctx) {
      const handle = await openFile(join(folder, name)).catch((error: unknown) => {
        if (codeOf(error) === "ENOENT") return ctx.fail("NOT_FOUND", { name }, `no such file ${quote(name)}`);
        throw explain(error, name);
      });
      try {
        if (!(await handle.stat()).isFile()) throw notPlain(name);
        return yield* sendFile(handle);
      } finally {
        await handle.close();
      }
    },

    async store({ name, sha256: expected }, chunks, ctx) {
      try {
        await mkdir(folder, { recursive: true });
        const path = join(folder, name);
        if (!((await stat(path).catch(() => undefined))?.isFile() ?? true)) throw notPlain(name);
        const accept = ({ sha256: actual }: Checksum): void => {
          if (expected !== undefined && actual !== expected) {
            ctx.fail("CONFLICT", { expected, actual }, "the content does not match the announced checksum");
          }
          // A caller whose call has failed must not find the file.
          ctx.signal.throwIfAborted();
        };
        const sum = await receiveFile(path, chunks, { accept, part: partOf(name, ctx) });
        return { name, ...sum };
      } catch (error) {
        throw explain(error, name);
      }
    },
  };
}

/** The part of an upload by its idempotency key: after a restart, the next attempt goes on behind it. */
function partOf(file: string, { idempotencyKey, metadata, peer, startAt }: Resumed): Part | undefined {
  // Other callers begin anew.
  if (idempotencyKey === undefined || !metadata.has("resume-upload")) return undefined;
  const whose = JSON.stringify([peer.user, peer.fingerprint, file, idempotencyKey]);
  return {
    name: createHash("sha256").update(whose).digest("hex").slice(0, 32),
    startAt,
    isInterrupted: (error) => error instanceof RpcError && error.status === "UNAVAILABLE",
  };
}

type Resumed = Pick<Context, "idempotencyKey" | "metadata" | "peer" | "startAt">;

/** Non-blocking: opening a FIFO would wait for a writer. */
function openFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** Maps errors that concern the caller to a status; others become INTERNAL. */
function explain(error: unknown, name: string): unknown {
  switch (codeOf(error)) {
    case "EISDIR":
    case "ENXIO":
      return notPlain(name);
    case "ENAMETOOLONG":
      return badName(name, "is too long for this file system");
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new RpcError("RESOURCE_EXHAUSTED", `no space left for ${quote(name)}`, { cause: error });
    default:
      return error;
  }
}

function notPlain(name: string): RpcError {
  return badName(name, "is not a regular file");
}

function badName(name: string, reason: string): RpcError {
  const issues = [{ path: "/name", keyword: "file", message: reason }];
  return new RpcError("BAD_REQUEST", `${quote(name)} ${reason}`, { details: { issues } });
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
