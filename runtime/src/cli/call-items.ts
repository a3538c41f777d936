import { closeSync, createReadStream, fstatSync, openSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { readInputItems } from "../adapters/session-io/input-json.js";
import { printable } from "../base/printable.js";
import type { Items, RequestItems } from "../client/call/method-types.js";
import { fromFile } from "../client/from-file.js";
import type { EncodedJson } from "../codec/encoded-json.js";
import { DEFAULT_LIMITS } from "../wire/limits.js";
import { UsageError } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";

/** The request stream in a file. */
interface CallItems {
  readonly items: RequestItems<unknown>;
  /** Whether it can be read again: a regular file, not standard input or a pipe. */
  readonly isResumable: boolean;
}

/** Opens the file of `--items`; `-` is standard input. @throws UsageError */
export function openItems(file: string, { io, isBytes }: { io: CliIo; isBytes: boolean }): CallItems {
  const parsed = (input: Readable): Items<unknown> => (isBytes ? input : values(input, file));
  if (file === "-") return { items: parsed(io.stdin), isResumable: false };
  const path = resolve(io.cwd(), file);
  const descriptor = openFile(path, file);
  if (!fstatSync(descriptor).isFile())
    return { items: parsed(createReadStream(path, { fd: descriptor })), isResumable: false };
  const opened = fstatSync(descriptor);
  closeSync(descriptor);
  const bytes = fromFile(path);
  return {
    items: (offset) => {
      // The server would get the head of one file and the tail of another.
      if (isChanged(opened, statSync(path)))
        throw new Error(`--items ${printable(file)}: the file has changed since the call began`);
      return isBytes ? bytes(offset) : values(createReadStream(path), file, offset);
    },
    isResumable: true,
  };
}

function isChanged(before: Stats, now: Stats): boolean {
  return now.ino !== before.ino || now.size !== before.size || now.mtimeMs !== before.mtimeMs;
}

async function* values(input: Readable, file: string, offset = 0): AsyncGenerator<unknown, void> {
  const source = file === "-" ? undefined : printable(file);
  const items: AsyncIterable<EncodedJson> = readInputItems(input, DEFAULT_LIMITS.message, { source });
  let index = 0;
  for await (const { value } of items) if (index++ >= offset) yield value;
}

function openFile(path: string, file: string): number {
  try {
    const descriptor = openSync(path, "r");
    if (!fstatSync(descriptor).isDirectory()) return descriptor;
    closeSync(descriptor);
    throw Object.assign(new Error(), { code: "EISDIR" });
  } catch (error) {
    throw new UsageError(`--items ${printable(file)}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
