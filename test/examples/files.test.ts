import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectApi } from "sshrpc/generated";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import exampleHandlers from "../../examples/server.js";
import { api } from "../../generated/api.js";
import type { NotesClient } from "../../generated/client.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { type ExampleServer, Workplace } from "./support.js";

let place: Workplace;
let server: ExampleServer;
let client: NotesClient;

beforeAll(async () => {
  place = new Workplace();
  server = await place.serve();
  client = await place.connect(server);
});

afterAll(() => place[Symbol.asyncDispose]());

beforeEach(() => expect(readdirSync(place.files).filter((name) => name.startsWith(".sshrpc-"))).toEqual([]));

/** Bytes without short repetitions. */
function content(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at);
  return bytes;
}

function sumOf(bytes: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function* inChunks(bytes: Buffer, size = 40_000): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.files.get({ name })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function stored(name: string): Buffer {
  return readFileSync(join(place.files, name));
}

describe("a file", () => {
  test.each([0, 1, 32_758, 32_759, 65_536, 5_000_000])(
    "of %i bytes arrives whole, in both directions",
    async (length) => {
      const bytes = content(length);
      const name = `${length} bytes, “ünïcödé ☺” 100%`;
      expect(await client.files.store({ name, sha256: sumOf(bytes).sha256 }, inChunks(bytes))).toEqual({
        name,
        ...sumOf(bytes),
      });
      expect(stored(name).equals(bytes)).toBe(true);
      const stream = client.files.get({ name });
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
      expect(await stream.response).toEqual(sumOf(bytes));
    },
  );

  test("that is stored again replaces the first", async () => {
    await client.files.store({ name: "twice" }, [Buffer.from("the first, which is longer")]);
    await client.files.store({ name: "twice" }, [Buffer.from("the second")]);
    expect(await read("twice")).toEqual(Buffer.from("the second"));
  });

  test("that two callers store at once has the content of one of them", async () => {
    const [a, b] = [Buffer.alloc(1_000_000, "a"), Buffer.alloc(1_000_000, "b")];
    await Promise.all([
      client.files.store({ name: "race" }, inChunks(a)),
      client.files.store({ name: "race" }, inChunks(b)),
    ]);
    expect([a, b].some((bytes) => bytes.equals(stored("race")))).toBe(true);
  });

  test("that is replaced during a download keeps its old content to the end", async () => {
    const old = content(3_000_000);
    writeFileSync(join(place.files, "moving"), old);
    const stream = client.files.get({ name: "moving" });
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) {
      if (chunks.length === 0) await client.files.store({ name: "moving" }, [Buffer.from("new")]);
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).equals(old)).toBe(true);
    expect(await stream.response).toEqual(sumOf(old));
    expect(await read("moving")).toEqual(Buffer.from("new"));
  });

  test("that does not exist fails with NOT_FOUND and its name", async () => {
    const { result } = client.files.get.safe({ name: "none" });
    expect(await result).toMatchObject({ ok: false, error: { status: "NOT_FOUND", details: { name: "none" } } });
  });
});

describe("an incomplete upload is never visible", () => {
  beforeEach(() => writeFileSync(join(place.files, "kept"), "as it was"));

  /** The file is unchanged, and the upload left no other file. */
  async function isAsItWas(): Promise<void> {
    await until("the temporary file to be gone", () => !readdirSync(place.files).some((name) => name.startsWith(".")));
    expect(stored("kept").toString()).toBe("as it was");
  }

  test("content with another checksum than announced fails with CONFLICT and both checksums", async () => {
    const expected = sumOf(Buffer.from("expected")).sha256;
    const stored = await client.files.store.safe({ name: "kept", sha256: expected }, [Buffer.from("actual")]);
    const details = { expected, actual: sumOf(Buffer.from("actual")).sha256 };
    expect(stored).toMatchObject({ ok: false, error: { status: "CONFLICT", details } });
    await isAsItWas();
  });

  test("when the caller's source fails", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100_000);
      throw new Error("the disk is gone");
    }
    const result = await client.files.store.safe({ name: "kept" }, failing());
    expect(result).toMatchObject({ ok: false, error: { status: "CANCELLED" } });
    await isAsItWas();
  });

  test.each(["the caller cancels", "the deadline passes", "the connection ends"])("when %s", async (how) => {
    const own = await place.connect(server);
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield Buffer.alloc(10_000);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const options = { signal: controller.signal, ...(how === "the deadline passes" && { timeout: 2000 }) };
    const result = own.files.store.safe({ name: "kept" }, endless(), options);
    await until("the upload to begin", () => readdirSync(place.files).some((name) => name.startsWith(".sshrpc-")));
    if (how === "the caller cancels") controller.abort();
    if (how === "the connection ends") await own.close();
    expect((await within("the end", result)).ok).toBe(false);
    await isAsItWas();
  });
});

describe("a name", () => {
  const bad = ["", ".", "..", "../up", "a/b", "/etc/passwd", "..\\up", "a\u0000b", ".sshrpc-1", "x".repeat(256)];

  test.each(bad)("like %j is rejected before anything is sent", async (name) => {
    const issues = [expect.objectContaining({ path: "/name" })];
    const error = { status: "BAD_REQUEST", details: { issues } };
    expect(await client.files.get.safe({ name }).result).toMatchObject({ error });
    expect(await client.files.store.safe({ name }, [])).toMatchObject({ error });
  });

  test("that is invalid is also rejected by the server, without the client's validation", async () => {
    const careless = { ...api, methods: api.methods.map((method) => ({ ...method, request: () => true })) };
    const own = await connectApi<NotesClient>(careless, server.address, place.keys);
    onTestFinished(() => own.close());
    const outside = join(place.files, "..", "up");
    for (const name of bad) {
      expect(await own.files.get.safe({ name }).result, name).toMatchObject({ error: { status: "BAD_REQUEST" } });
      const result = await own.files.store.safe({ name }, [Buffer.from("x")]);
      expect(result, name).toMatchObject({ error: { status: "BAD_REQUEST" } });
    }
    expect(existsSync(outside)).toBe(false);
  });

  test("that is too long for the file system is rejected with that reason", async () => {
    const error = { status: "BAD_REQUEST", message: expect.stringContaining("too long") };
    expect(await client.files.store.safe({ name: "ü".repeat(255) }, [])).toMatchObject({ error });
    expect(await client.files.get.safe({ name: "ü".repeat(255) }).result).toMatchObject({ error });
  });

  test("of a folder or a pipe is rejected at once", async () => {
    mkdirSync(join(place.files, "folder"), { recursive: true });
    if (!existsSync(join(place.files, "pipe"))) spawnSync("mkfifo", [join(place.files, "pipe")]);
    const error = { status: "BAD_REQUEST", message: expect.stringContaining("is not a regular file") };
    for (const name of ["folder", "pipe"]) {
      expect(await within(`reading a ${name}`, client.files.get.safe({ name }).result)).toMatchObject({ error });
      expect(await within(`writing a ${name}`, client.files.store.safe({ name }, [Buffer.from("x")]))).toMatchObject({
        error,
      });
    }
    expect(statSync(join(place.files, "folder")).isDirectory()).toBe(true);
  });
});

describe("a full disk", () => {
  const big = { name: "big", bytes: content(3_000_000) };

  /** The upload fails with RESOURCE_EXHAUSTED and leaves no file; smaller files can still be stored. */
  async function refusesWhatIsTooMuch(own: Workplace): Promise<void> {
    const client = await own.connect(await own.serve());
    await client.files.store({ name: "small" }, [Buffer.from("before")]);
    for (let round = 0; round < 3; round++) {
      const result = await within(
        "the end of the upload",
        client.files.store.safe({ name: "big" }, inChunks(big.bytes)),
      );
      const message = expect.stringContaining('no space left for "big"');
      expect(result).toMatchObject({ ok: false, error: { status: "RESOURCE_EXHAUSTED", message } });
      expect(readdirSync(own.files)).toEqual(["small"]);
    }
    await client.files.store({ name: "small" }, [Buffer.from("after")]);
    expect(readFileSync(join(own.files, "small")).toString()).toBe("after");
  }

  const mounted =
    spawnSync("sh", ["-c", 'd=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs "$d" && umount "$d"']).status === 0;

  test.skipIf(!mounted)(
    "rejects a file that is too large, and the server keeps working (on a tmpfs of 1 MB, if mounting is permitted)",
    async () => {
      await using own = new Workplace();
      expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", own.files]).status).toBe(0);
      try {
        await refusesWhatIsTooMuch(own);
      } finally {
        spawnSync("umount", ["-l", own.files]);
      }
    },
  );

  test("fails the same way as a file size limit (ulimit -f)", async () => {
    await using own = new Workplace();
    // The shell counts in blocks of 512 or 1,024 bytes: 1 or 2 MB.
    await refusesWhatIsTooMuch(Object.assign(own, { serve: own.serve.bind(own, { wrap: "ulimit -f 2048" }) }));
  });
});

test("a starting server removes the temporary files of a killed one, and no other files", async () => {
  await using own = new Workplace();
  const left = `.sshrpc-${2 ** 22 + 1}-00000000-0000-4000-8000-000000000000`;
  const others = [`.sshrpc-${process.pid}-00000000-0000-4000-8000-000000000000`, ".profile", "file"];
  for (const name of [left, ...others]) writeFileSync(join(own.files, name), "x");
  await own.serve();
  expect(readdirSync(own.files).sort()).toEqual(others.sort());
});

test("a key without the scopes can neither read nor write", async () => {
  await using own = new Workplace("files:read");
  const reader = await own.connect(await own.serve());
  writeFileSync(join(own.files, "file"), "x");
  expect((await reader.files.get.safe({ name: "file" }).result).ok).toBe(true);
  expect(await reader.files.store.safe({ name: "file" }, [])).toMatchObject({ error: { status: "FORBIDDEN" } });
});

describe("copy", () => {
  const program = "examples/04-files/copy.ts";

  test("uploads and downloads a file, and prints its size and checksum", async () => {
    const bytes = content(5_000_000);
    writeFileSync(place.path("local file"), bytes);
    const { sha256 } = sumOf(bytes);
    const done = { status: 0, stdout: `5000000 bytes, sha256 ${sha256}\n`, stderr: "" };
    expect(await place.run(program, place.path("local file"), server.address)).toEqual(done);
    expect(stored("local file").equals(bytes)).toBe(true);
    mkdirSync(place.path("back"));
    expect(await place.run(program, `${server.address}/local%20file`, place.path("back"))).toEqual(done);
    expect(readFileSync(place.path("back/local file")).equals(bytes)).toBe(true);
    expect(readdirSync(place.path("back"))).toEqual(["local file"]);
  });

  test("discards a download whose checksum differs from the server's", async () => {
    const keys = generateKeyPair();
    const alice = generateKeyPair();
    async function* lie(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("something");
      return sumOf(Buffer.from("something else"));
    }
    const handlers = new Map([...exampleHandlers.handlers, ["GET /files/{name}", lie] as const]);
    await using liar = await serveHandlers(
      { ...exampleHandlers, handlers },
      {
        port: 0,
        hostKeys: { privateKey: keys.privateKey },
        authorizedKeys: { lines: [`scopes="*" ${alice.publicKey} alice`] },
        log: false,
      },
    );
    await using own = new Workplace();
    writeFileSync(own.path("home/.ssh/id_ed25519"), alice.privateKey);
    writeFileSync(own.path("home/.ssh/known_hosts"), `[127.0.0.1]:${liar.port} ${liar.hostKeys[0]}\n`);
    const result = await own.run(program, `ssh://alice@127.0.0.1:${liar.port}/x`, own.path("x"));
    expect(result).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/^x: checksum mismatch: received [0-9a-f]{64}, expected /),
    });
    expect(existsSync(own.path("x"))).toBe(false);
  });

  test.each([
    ["no arguments", () => [], 2, /usage: copy FILE ssh/],
    ["two local files", () => ["a", "b"], 2, /exactly one of the two must be on a server/],
    ["a name that is not percent-encoded", () => [`${server.address}/%zz`, "x"], 2, /percent-encoded/],
    ["a missing local file", () => [place.path("none"), server.address], 1, /^ENOENT: .*none'\n$/],
    ["a folder", () => [place.directory, server.address], 1, /is not a regular file\n$/],
    [
      "a file that is missing on the server",
      () => [`${server.address}/none`, place.path("x")],
      1,
      /^NOT_FOUND: .*"none"\n$/,
    ],
    ["a name that leaves the folder", () => [`${server.address}/..%2fx`, place.path("x")], 1, /^BAD_REQUEST: /],
    ["a missing local folder", () => [`${server.address}/copied`, place.path("no/x")], 1, /^ENOENT: .*\n$/],
  ])("prints an error for %s", async (_, args, status, message) => {
    writeFileSync(join(place.files, "copied"), "x");
    const result = await place.run(program, ...args());
    expect(result).toEqual({ status, stdout: "", stderr: expect.stringMatching(message) });
    expect(existsSync(place.path("x"))).toBe(false);
  });
});
