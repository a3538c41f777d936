import { randomBytes } from "node:crypto";
import { deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { gunzipMembers } from "../../../../../runtime/src/adapters/korv/gzip-members.js";
import { KorvError } from "../../../../../runtime/src/adapters/korv/korv-error.js";
import { singleAccount } from "../../../../../runtime/src/base/accounts/server-account.js";
import { HeldBytes } from "../../../../../runtime/src/wire/flow/held-bytes.js";

type Limits = Parameters<typeof gunzipMembers>[1];

const LIMITS: Limits = { compressed: 1 << 20, decompressed: 1 << 20 };

async function* chunks(...parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield part;
}

async function read(source: AsyncIterable<Buffer>, limits: Limits = LIMITS): Promise<string[]> {
  const found: string[] = [];
  for await (const member of gunzipMembers(source, limits)) found.push(member.toString("latin1"));
  return found;
}

/** The messages that could be read from `parts`, and the error after them. */
async function readUntilError(
  parts: readonly Buffer[],
  limits: Limits = LIMITS,
): Promise<{ found: string[]; error: unknown }> {
  const found: string[] = [];
  try {
    for await (const member of gunzipMembers(chunks(...parts), limits)) found.push(member.toString("latin1"));
  } catch (error) {
    return { found, error };
  }
  return { found, error: undefined };
}

/** A member whose header has every optional field (RFC 1952, section 2.3). */
function memberWithAllFields(content: string): Buffer {
  const plain = gzipSync(content);
  const header = Buffer.from(plain.subarray(0, 10));
  header[3] = 1 | 2 | 4 | 8 | 16;
  const extra = Buffer.from([5, 0, 1, 2, 3, 4, 5]);
  return Buffer.concat([header, extra, Buffer.from("name\0comment\0"), Buffer.from([7, 7]), plain.subarray(10)]);
}

describe("gzip members", () => {
  test("that never end are charged to the account of their connection, which refuses more than it may hold", async () => {
    const account = singleAccount({ bytes: 200_000 });
    const memory = new HeldBytes(account);
    const member = gzipSync(Buffer.alloc(400_000, "x"));
    const { found, error } = await readUntilError([gzipSync("one"), member.subarray(0, -8)], { ...LIMITS, memory });
    expect({ found, error }).toEqual({ found: ["one"], error: expect.any(KorvError) });
    expect((error as Error).message).toContain("limits.bytes");
    expect(account.held("bytes")).toBe(0);
  });

  test("are read at every split into two chunks", async () => {
    const bytes = Buffer.concat([gzipSync('{"id":1}'), memberWithAllFields("two"), gzipSync(""), gzipSync("four")]);
    for (let at = 0; at <= bytes.length; at++) {
      expect(await read(chunks(bytes.subarray(0, at), bytes.subarray(at))), `split at ${at}`).toEqual([
        '{"id":1}',
        "two",
        "",
        "four",
      ]);
    }
  });

  test("are read byte by byte", async () => {
    const large = randomBytes(5000).toString("latin1");
    const bytes = Buffer.concat([gzipSync(Buffer.from(large, "latin1")), memberWithAllFields("two")]);
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(await read(chunks(...single))).toEqual([large, "two"]);
  });

  test("are yielded as soon as they are complete", async () => {
    const members = gunzipMembers(
      (async function* () {
        yield gzipSync("one");
        await new Promise(() => undefined);
      })(),
      LIMITS,
    );
    expect((await members.next()).value.toString()).toBe("one");
  });

  test("may have exactly as many bytes as the limits", async () => {
    const member = gzipSync(randomBytes(1000));
    // The limit includes the header and the trailer, 18 bytes.
    await expect(read(chunks(member), { compressed: member.length, decompressed: 1000 })).resolves.toHaveLength(1);
    const small = await readUntilError([member], { compressed: member.length - 1, decompressed: 1000 });
    expect(small.error).toMatchObject({ message: `message too large: over ${member.length - 1} bytes compressed` });
    const large = await readUntilError([member], { compressed: member.length, decompressed: 999 });
    expect(large.error).toMatchObject({ message: "message too large: over 999 bytes" });
  });

  test("are not inflated beyond the limit, so that a bomb costs no more memory", async () => {
    const bomb = gzipSync(Buffer.alloc(128 << 20));
    const before = process.memoryUsage().rss;
    const { found, error } = await readUntilError([gzipSync("first"), bomb], {
      compressed: 1 << 20,
      decompressed: 1 << 20,
    });
    expect(found).toEqual(["first"]);
    expect(error).toBeInstanceOf(KorvError);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  });

  test("that are too large report their first characters", async () => {
    const { error } = await readUntilError([gzipSync(`{"request_id":7,${" ".repeat(2000)}`)], {
      ...LIMITS,
      decompressed: 1000,
    });
    expect((error as KorvError).head).toMatch(/^\{"request_id":7,/);
  });

  test.each([
    ["bytes of another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "not gzip: expected the bytes 1f 8b"],
    [
      "an unknown method",
      Buffer.from([0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 0]),
      "unsupported gzip header: compression method or reserved flags",
    ],
    [
      "reserved flags",
      Buffer.from([0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 0]),
      "unsupported gzip header: compression method or reserved flags",
    ],
    ["a corrupt deflate stream", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), "corrupt gzip message"],
    ["a truncated header", gzipSync("x").subarray(0, 5), "truncated message: the stream ended"],
    ["truncated data", gzipSync("hello, hello").subarray(0, 14), "truncated message: the stream ended"],
    ["a truncated trailer", gzipSync("x").subarray(0, -1), "truncated message: the stream ended"],
    ["a wrong checksum", corrupt(gzipSync("x"), -8), "corrupt gzip message: wrong checksum or length"],
    ["a wrong length", corrupt(gzipSync("x"), -1), "corrupt gzip message: wrong checksum or length"],
    [
      "an unterminated name",
      Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8]), Buffer.alloc(1 << 21, 65)]),
      "message too large: over 1048576 bytes compressed",
    ],
    ["zlib's format", Buffer.from([0x78, 0x9c, 3, 0, 0, 0, 0, 1]), "not gzip: expected the bytes 1f 8b"],
    ["deflate without a header", deflateRawSync("x"), "not gzip: expected the bytes 1f 8b"],
  ])("are refused for %s, after the messages before", async (_title, bytes, message) => {
    const { found, error } = await readUntilError([gzipSync("first"), bytes]);
    expect(found).toEqual(["first"]);
    expect(error).toBeInstanceOf(KorvError);
    expect((error as Error).message).toContain(message);
  });

  test("of another protocol are refused at the second byte, because its client may wait for an answer", async () => {
    const endless = (async function* () {
      yield Buffer.from("GE");
      await new Promise(() => undefined);
    })();
    await expect(gunzipMembers(endless, LIMITS).next()).rejects.toThrow("not gzip: expected the bytes 1f 8b");
  });

  test("with damage at any byte are read, refused or incomplete, and never crash the reader", async () => {
    const bytes = Buffer.concat([memberWithAllFields('{"id":1}'), gzipSync(randomBytes(300))]);
    for (let round = 0; round < 500; round++) {
      const damaged = Buffer.from(bytes);
      for (let hit = 0; hit <= round % 3; hit++)
        damaged[(round * 31 + hit * 97) % bytes.length] = (round * 7 + hit) & 255;
      const { error } = await readUntilError([
        damaged.subarray(0, round % bytes.length),
        damaged.subarray(round % bytes.length),
      ]);
      if (error !== undefined) expect(error).toBeInstanceOf(KorvError);
    }
  });

  test("fail with the error of their source", async () => {
    const failing = (async function* () {
      yield gzipSync("one").subarray(0, 12);
      throw new Error("the line is cut");
    })();
    await expect(gunzipMembers(failing, LIMITS).next()).rejects.toThrow("the line is cut");
  });
});

function corrupt(bytes: Buffer, at: number): Buffer {
  const index = bytes.length + at;
  bytes[index] = (bytes[index] as number) ^ 1;
  return bytes;
}
