import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { type Server, serveHandlers } from "../../runtime/src/compose/serve.js";
import type { ServeOptions } from "../../runtime/src/compose/serve-options.js";
import type { AnyHandler } from "../../runtime/src/server/api-handlers.js";
import { NOTES, noSuchNote } from "../unit/runtime/adapters/notes-server.js";
import { makeKey, type TestKey, TestLog, tempDir, write } from "../unit/runtime/ssh/support.js";
import { sshOptions } from "./sshd.js";

/** A server of the notes API on a free port of loopback, with keys and files for stock clients. */
export interface Served {
  readonly server: Server;
  readonly directory: string;
  readonly key: TestKey;
  readonly hostKey: TestKey;
  readonly knownHosts: string;
  readonly log: TestLog;
  /** Events that handlers have recorded. */
  readonly seen: string[];
  /** Options that limit `ssh` to these files; the command follows them. */
  readonly ssh: readonly string[];
}

/** Bytes that a test sends, with a checksum. */
export const CONTENT = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => (index * 7 + (index >> 8)) % 256));

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

type Ctx = { readonly signal: AbortSignal; readonly metadata: ReadonlyMap<string, readonly string[]> };
type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Methods of every kind, which record the outcome of their calls. */
function handlers(seen: string[]): Handlers {
  return {
    "GET /notes": (_: unknown, ctx: Ctx) => ({ traceparent: ctx.metadata.get("traceparent")?.[0] ?? null }),
    // Note 8 takes a while to read; a canceled call releases it.
    "GET /notes/{id}": async ({ id }: { id: number }, { signal }: Ctx) => {
      if (id === 8) await sleep(300, undefined, { signal });
      return id === 7 ? noSuchNote({ id }) : { id, text: "hi" };
    },
    // Three ticks, and then one more per interval in ms, if given.
    "GET /ticks": async function* ({ every }: { every?: number }, ctx: Ctx) {
      try {
        for (let tick = 1; !ctx.signal.aborted; tick++) {
          yield { tick };
          if (tick === 3) seen.push("third");
          if (tick >= 3) {
            await new Promise((resolve) => {
              ctx.signal.addEventListener("abort", resolve, { once: true });
              if (every === undefined) return;
              setTimeout(() => {
                ctx.signal.removeEventListener("abort", resolve);
                resolve(undefined);
              }, every);
            });
          }
        }
      } finally {
        seen.push("left");
      }
    },
    "STORE /sum": async (_: unknown, numbers: AsyncIterable<number>) => {
      let total = 0;
      for await (const number of numbers) total += number;
      return total;
    },
    "UPDATE /chat": async function* (_: unknown, lines: AsyncIterable<{ readonly text: string }>) {
      for await (const { text } of lines) yield { text: text.toUpperCase() };
    },
    "GET /files/{name}": async function* () {
      try {
        for (let at = 0; at < CONTENT.length; at += 100_000) yield CONTENT.subarray(at, at + 100_000);
        return sha256(CONTENT);
      } finally {
        seen.push("sent");
      }
    },
    "STORE /files/{name}": async ({ name }: { name: string }, chunks: AsyncIterable<Uint8Array>) => {
      const hash = createHash("sha256");
      try {
        for await (const chunk of chunks) {
          if (seen.at(-1) !== "some") seen.push("some");
          hash.update(chunk);
        }
      } catch (error) {
        seen.push(`lost ${(error as { status: string }).status}`);
        throw error;
      }
      seen.push("all");
      return { name, sha256: hash.digest("hex") };
    },
  };
}

/** Serves the notes API until the test ends. */
export async function serveNotesOverSsh(options: Partial<ServeOptions> = {}): Promise<Served> {
  const directory = tempDir();
  const log = new TestLog();
  const seen: string[] = [];
  const key = makeKey(directory, "alice");
  const hostKey = makeKey(directory, "host");
  const defined = handlers(seen);
  const all = NOTES.methods.map(
    ({ id }) => [id, (defined[id] as AnyHandler | undefined) ?? ((request: unknown) => request)] as const,
  );
  const server = await serveHandlers(
    { api: NOTES, handlers: new Map(all) },
    {
      port: 0,
      hostKeys: { privateKey: hostKey.privateKey },
      authorizedKeys: { lines: [`scopes="*" ${key.line} alice@laptop`] },
      log,
      ...options,
    },
  );
  onTestFinished(() => server.close());
  const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${server.port} ${hostKey.line}\n`);
  const ssh = [...sshOptions({ knownHosts, identity: key.file, port: server.port }), "alice@127.0.0.1"];
  return { server, directory, key, hostKey, knownHosts, log, seen, ssh };
}

/** A running stock client. */
export interface Running {
  readonly process: ChildProcess;
  readonly stdout: () => Buffer;
  readonly stderr: () => string;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Starts a program; it is killed after 45 seconds or after the test. */
export function start(program: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(program, args, { timeout: 45_000, killSignal: "SIGKILL", ...options });
  onTestFinished(() => void child.kill("SIGKILL"));
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  child.stdin?.on("error", () => {});
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.on("error", reject).on("close", (status, signal) => resolve(status ?? signal));
  });
  ended.catch(() => undefined);
  return { process: child, stdout: () => Buffer.concat(stdout), stderr: () => stderr, ended };
}
