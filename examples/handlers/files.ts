import { constants } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { RpcError } from "sshrpc/server";
import type { FilesHandlers } from "../../generated/server.js";
import { receiveFile, removeLeftovers } from "../lib/receive-file.js";
import { sendFile } from "../lib/send-file.js";

/**
 * The files of one folder, sent and received. That a name leads nowhere else, the schema sees to: no other name reaches a
 * handler. What is not a plain file is refused.
 * @param folder made where it is missing; what an earlier server left there unfinished is removed
 */
export function files(folder: string): FilesHandlers {
  removeLeftovers(folder);
  return {
    async *get({ name }, ctx) {
      const handle = await openFile(join(folder, name)).catch((error: unknown) => {
        if (codeOf(error) === "ENOENT") return ctx.fail("NOT_FOUND", { name }, `there is no file ${quote(name)}`);
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
        const sum = await receiveFile(path, chunks, ({ sha256: actual }) => {
          if (expected !== undefined && actual !== expected) {
            ctx.fail("CONFLICT", { expected, actual }, "something else arrived than was announced");
          }
          // A caller that was told otherwise, in time or not, must not find the file there.
          ctx.signal.throwIfAborted();
        });
        return { name, ...sum };
      } catch (error) {
        throw explain(error, name);
      }
    },
  };
}

/** Not waiting, as opening a pipe does until somebody writes to it. */
function openFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** What the caller can understand gets a status of its own; the rest stays as it is, and becomes INTERNAL. */
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
      return new RpcError("RESOURCE_EXHAUSTED", `there is no room for ${quote(name)}`, { cause: error });
    default:
      return error;
  }
}

function notPlain(name: string): RpcError {
  return badName(name, "is a folder, or something else that is no plain file");
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
