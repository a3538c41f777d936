import ssh2 from "ssh2";
import type { PublicKey } from "sshrpc/server";
import { describe, expect, it } from "vitest";
import { algorithmOf } from "../../../../../../runtime/src/ssh/client/auth/offered-key.js";
import { BinaryReader } from "../../../../../../runtime/src/ssh/keys/format/binary-reader.js";
import { makeSignature } from "../../../../../../runtime/src/ssh/keys/format/make-signature.js";
import { publicKeyFromBlob } from "../../../../../../runtime/src/ssh/keys/format/public-key.js";
import { parseSignature, verifySignature } from "../../../../../../runtime/src/ssh/keys/format/signature.js";
import { takeSigningKey } from "../../../../../fixtures/keys.js";
import { KEY_TYPES, makeSigner, string } from "../make-keys.js";

const DATA = Buffer.from("what is signed");

describe.each(KEY_TYPES)("a signature of %s", (type) => {
  const signer = makeSigner(type);
  const good = signer.sign(DATA);

  it("is valid for the signed data and key only", () => {
    for (let round = 0; round < 20; round++) {
      expect(verifySignature(signer.publicKey, parseSignature(signer.sign(DATA)), DATA)).toBeDefined();
    }
    expect(verifySignature(signer.publicKey, parseSignature(good), Buffer.from("what is not"))).toBeUndefined();
    expect(verifySignature(makeSigner(type).publicKey, parseSignature(good), DATA)).toBeUndefined();
  });

  it("is invalid with any bit changed, without an exception", () => {
    const start = string(type === "ssh-rsa" ? "rsa-sha2-512" : type).length;
    for (let at = start; at < good.length; at += type === "ssh-rsa" ? 7 : 1) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] as number) ^ 0x10;
      let proof: unknown;
      try {
        proof = verifySignature(signer.publicKey, parseSignature(changed), DATA);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      expect(proof, `byte ${at}`).toBeUndefined();
    }
  });

  it("is rejected when truncated, or with trailing bytes", () => {
    for (let size = 0; size < good.length; size++) {
      expect(() => parseSignature(good.subarray(0, size))).toThrow(RangeError);
    }
    expect(() => parseSignature(Buffer.concat([good, Buffer.alloc(1)]))).toThrow("trailing bytes");
  });
});

it("reports touch and user verification from the flags of a security key", () => {
  for (const type of ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"]) {
    const signer = makeSigner(type);
    const proof = (flags: number) =>
      verifySignature(signer.publicKey, parseSignature(signer.sign(DATA, { flags })), DATA);
    expect(proof(0)).toEqual({ touched: false, userVerified: false });
    expect(proof(1)).toEqual({ touched: true, userVerified: false });
    expect(proof(5)).toEqual({ touched: true, userVerified: true });
  }
});

it("rejects the signature of a security key for a plain key, and the reverse", () => {
  const [plain, device] = [makeSigner("ssh-ed25519"), makeSigner("sk-ssh-ed25519@openssh.com")];
  const signature = parseSignature(device.sign(DATA));
  expect(verifySignature(plain.publicKey, signature, DATA)).toBeUndefined();
  expect(verifySignature(plain.publicKey, { ...signature, algorithm: "ssh-ed25519" }, DATA)).toBeUndefined();
  const { device: _, ...bare } = signature;
  expect(verifySignature(device.publicKey, bare, DATA)).toBeUndefined();
});

it("rejects RSA signatures with SHA-1, and RSA keys under 2,048 bits", () => {
  const rsa = makeSigner("ssh-rsa");
  expect(
    verifySignature(rsa.publicKey, parseSignature(rsa.sign(DATA, { algorithm: "ssh-rsa" })), DATA),
  ).toBeUndefined();
  const short = makeSigner("ssh-rsa", 1024);
  expect(verifySignature(short.publicKey, parseSignature(short.sign(DATA)), DATA)).toBeUndefined();
});

it("rejects invalid keys", () => {
  const blobs = [
    [string("ecdsa-sha2-nistp256"), string("nistp256"), string(Buffer.alloc(65, 4))],
    [string("ecdsa-sha2-nistp256"), string("nistp384"), string(Buffer.alloc(97, 4))],
    [string("ecdsa-sha2-nistp256"), string("nistp256"), string(Buffer.alloc(33, 2))],
    [string("ssh-rsa"), string(Buffer.from([1])), string(Buffer.alloc(256))],
    [string("ssh-rsa"), string(Buffer.alloc(0)), string(Buffer.alloc(0))],
    [string("ssh-dss"), string(Buffer.alloc(20))],
    [string("constructor"), string(Buffer.alloc(20))],
  ];
  for (const fields of blobs) {
    const key = publicKeyFromBlob(Buffer.concat(fields)) as PublicKey;
    for (const algorithm of [key.type, "rsa-sha2-256"]) {
      const signature = parseSignature(Buffer.concat([string(algorithm), string(Buffer.alloc(64))]));
      expect(verifySignature(key, signature, DATA)).toBeUndefined();
    }
  }
});

describe("the signature algorithm of a key that a client offers", () => {
  it.each([
    ["ssh-ed25519", undefined, "ssh-ed25519", "ssh-ed25519"],
    ["ssh-ed25519", ["rsa-sha2-512"], "ssh-ed25519", "ssh-ed25519"],
    ["ssh-ed25519-cert-v01@openssh.com", undefined, "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519"],
    ["sk-ssh-ed25519@openssh.com", [], "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com"],
    [
      "sk-ssh-ed25519-cert-v01@openssh.com",
      undefined,
      "sk-ssh-ed25519-cert-v01@openssh.com",
      "sk-ssh-ed25519@openssh.com",
    ],
    ["ssh-rsa", undefined, "rsa-sha2-256", "rsa-sha2-256"],
    ["ssh-rsa", ["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"], "rsa-sha2-512", "rsa-sha2-512"],
    ["ssh-rsa", ["ssh-rsa", "rsa-sha2-256"], "rsa-sha2-256", "rsa-sha2-256"],
    // A server that lists only other types may support RSA.
    ["ssh-rsa", ["ssh-ed25519"], "rsa-sha2-256", "rsa-sha2-256"],
    ["ssh-rsa-cert-v01@openssh.com", ["rsa-sha2-512"], "rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-512"],
  ])("offers %s to a server that accepts %s as %s", (type, accepted, request, signature) => {
    expect(algorithmOf(type, accepted)).toEqual({ request, signature });
  });

  it("offers no RSA key to a server that accepts only SHA-1 signatures", () => {
    expect(algorithmOf("ssh-rsa", ["ssh-rsa"])).toBeUndefined();
    expect(algorithmOf("ssh-rsa-cert-v01@openssh.com", ["ssh-rsa", "ssh-ed25519"])).toBeUndefined();
  });
});

it.each([256, 384, 521] as const)(
  "an ECDSA signature on a curve of %i bits has positive numbers without leading zeros",
  (bits) => {
    const pem = takeSigningKey(`ecdsa-${bits}`).export({ type: "sec1", format: "pem" }) as string;
    const key = ssh2.utils.parseKey(pem) as ssh2.ParsedKey;
    const firstBytes = new Set<number>();
    for (let round = 0; round < 64; round++) {
      const signature = new BinaryReader(makeSignature(key, `ecdsa-sha2-nistp${bits}`, Buffer.from(`${round}`)));
      signature.text();
      for (const number of new BinaryReader(signature.string()).strings()) {
        firstBytes.add(number[0] as number);
        // RFC 4251, section 5: a zero byte comes first if the next bit would be a sign, and only then.
        expect(number[0]).toBeLessThan(0x80);
        if (number[0] === 0) expect(number[1]).toBeGreaterThanOrEqual(0x80);
      }
    }
    expect(firstBytes.size).toBeGreaterThan(1);
  },
);
