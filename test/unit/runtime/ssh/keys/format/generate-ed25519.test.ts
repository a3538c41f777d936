import { expect, it } from "vitest";
import { BinaryReader } from "../../../../../../runtime/src/ssh/keys/format/binary-reader.js";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";

/** The private part of a key file (PROTOCOL.key of OpenSSH): two check numbers, the fields of the key, its comment, the padding. */
function privatePart(file: string): Buffer {
  const body = Buffer.from(file.replace(/-----.*-----|\s/g, ""), "base64");
  const reader = new BinaryReader(body.subarray("openssh-key-v1\0".length));
  for (let field = 0; field < 3; field++) reader.string();
  reader.uint32();
  reader.string();
  return reader.string();
}

it("pads a private key to blocks of 8 bytes with 1, 2, 3 and so on, which OpenSSH checks", () => {
  const sizes = new Set<number>();
  for (let length = 0; length < 8; length++) {
    const secret = privatePart(generateEd25519("c".repeat(length)).privateKey);
    const reader = new BinaryReader(secret);
    reader.uint64();
    for (let field = 0; field < 4; field++) reader.string();
    const padding = [...secret.subarray(reader.position)];
    expect(secret.length % 8).toBe(0);
    expect(padding).toEqual([1, 2, 3, 4, 5, 6, 7].slice(0, padding.length));
    sizes.add(padding.length);
  }
  expect(sizes.size).toBe(8);
});
