import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sshrpc, tempDir } from "../../../cli/run.js";

/** The strings of a text in the encoding of SSH (RFC 4251, section 5), and what follows them. */
function strings(bytes: Buffer, count: number): { readonly last: Buffer; readonly rest: Buffer } {
  let [last, rest] = [bytes, bytes];
  for (let field = 0; field < count; field++) {
    const end = 4 + rest.readUInt32BE(0);
    [last, rest] = [rest.subarray(4, end), rest.subarray(end)];
  }
  return { last, rest };
}

/** The private part of a key file (PROTOCOL.key of OpenSSH): two check numbers, the fields of the key, its comment, the padding. */
function privatePart(file: string): Buffer {
  const body = Buffer.from(file.replace(/-----.*-----|\s/g, ""), "base64");
  const { rest } = strings(body.subarray("openssh-key-v1\0".length), 3);
  return strings(rest.subarray(4), 2).last;
}

it("a generated private key is padded to blocks of 8 bytes with 1, 2, 3 and so on, which OpenSSH checks", async () => {
  const sizes = new Set<number>();
  const cwd = tempDir();
  for (let length = 0; length < 8; length++) {
    await sshrpc(["keys", "generate", `key${length}`, "--name", "c".repeat(length)], { cwd });
    const secret = privatePart(readFileSync(join(cwd, `key${length}`), "utf8"));
    const padding = [...strings(secret.subarray(8), 4).rest];
    expect(secret.length % 8).toBe(0);
    expect(padding).toEqual([1, 2, 3, 4, 5, 6, 7].slice(0, padding.length));
    sizes.add(padding.length);
  }
  expect(sizes.size).toBe(8);
});
