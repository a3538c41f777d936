import { open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fromFile } from "sshrpc/client";
import { connect, type NotesClient } from "../../generated/client.js";
import type { Checksum } from "../../generated/types.js";
import { receiveFile, removeLeftovers } from "../lib/receive-file.js";
import { runProgram, UsageError } from "../lib/run-program.js";
import { sendFile } from "../lib/send-file.js";

/**
 * Copies a file to a server or from one: `jiti examples/04-files/copy.ts report.pdf ssh://alice@127.0.0.1:8022/`. Both ends verify
 * the checksum; the file appears under its name only then. A copy goes on after lost connections.
 */
await runProgram(
  "copy FILE ssh://user@host:port/NAME, or copy ssh://user@host:port/NAME FILE",
  2,
  async (args, signal) => {
    const [from = "", to = ""] = args;
    const source = readRemote(from);
    const target = readRemote(to);
    if ((source === undefined) === (target === undefined))
      throw new UsageError("exactly one of the two must be on a server");
    const { address, name } = (source ?? target) as Remote;
    await using client = await connect(address, { signal });
    const { bytes, sha256 } =
      source === undefined
        ? await upload(client, from, name || basename(from), signal)
        : await download(client, name, to, signal);
    console.log(`${bytes} bytes, sha256 ${sha256}`);
  },
);

interface Remote {
  readonly address: string;
  readonly name: string;
}

function readRemote(text: string): Remote | undefined {
  const [, address, name = ""] = /^(ssh:\/\/[^/]+)(?:\/(.*))?$/.exec(text) ?? [];
  if (address === undefined) return undefined;
  try {
    return { address, name: decodeURIComponent(name) };
  } catch {
    throw new UsageError(`${text}: the name is not percent-encoded properly`);
  }
}

/** Reads the file twice: the server gets the expected checksum first. */
async function upload(client: NotesClient, file: string, name: string, signal: AbortSignal): Promise<Checksum> {
  const handle = await open(file);
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${file} is not a regular file`);
    const { sha256 } = await sumOf(sendFile(handle));
    return await client.files.store({ name, sha256 }, fromFile(file), { signal });
  } finally {
    await handle.close();
  }
}

async function download(client: NotesClient, name: string, to: string, signal: AbortSignal): Promise<Checksum> {
  const isFolder = (await stat(to).catch(() => undefined))?.isDirectory() ?? false;
  const file = isFolder ? join(to, name) : to;
  removeLeftovers(dirname(file));
  const content = client.files.get({ name }, { signal });
  const accept = async (actual: Checksum): Promise<void> => {
    const expected = await content.response;
    if (actual.sha256 !== expected.sha256)
      throw new Error(`${name}: checksum mismatch: received ${actual.sha256}, expected ${expected.sha256}`);
  };
  return receiveFile(file, content, { accept });
}

async function sumOf(content: AsyncGenerator<Uint8Array, Checksum>): Promise<Checksum> {
  for (;;) {
    const { done, value } = await content.next();
    if (done) return value;
  }
}
