import { expect, test } from "vitest";
import { parseCertificate } from "../../../../../../runtime/src/ssh/keys/format/certificate.js";
import {
  type PublicKey,
  parsePublicKey,
  publicKeyFromBlob,
} from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { makeCertificate, makeSigner } from "../make-keys.js";

const { publicKey } = makeSigner("ssh-ed25519");

test.each([
  ["a packet", () => publicKeyFromBlob(Buffer.concat([publicKey.blob, Buffer.alloc(30_000)]).subarray(0, 51))],
  ["base64", () => parsePublicKey("ssh-ed25519", publicKey.blob.toString("base64"))],
])("a key parsed from %s retains only its own memory", (_, read) => {
  const { blob } = read() as PublicKey;
  expect(blob).toEqual(publicKey.blob);
  expect(blob.buffer.byteLength).toBe(51);
});

test("a certificate retains only its own memory", () => {
  const blob = makeCertificate(makeSigner("ssh-ed25519"), makeSigner("ssh-ed25519"), {
    extensions: [["permit-pty", Buffer.alloc(0)]],
  });
  const { key, authority, signed, signature, extensions } = parseCertificate(
    Buffer.concat([blob, Buffer.alloc(30_000)]).subarray(0, blob.length),
  );
  for (const part of [key.blob, authority.blob, signed, signature.bytes, ...extensions.values()]) {
    expect(part.buffer.byteLength).toBeLessThanOrEqual(blob.length);
  }
});
