import { createHash, type KeyObject, sign } from "node:crypto";
import type { PublicKey } from "../../../../../runtime/src/ssh/keys/format/public-key.js";
import { publicKeyFromBlob } from "../../../../../runtime/src/ssh/keys/format/public-key.js";
import { takeSigningKey } from "../../../../fixtures/keys.js";

/** Every supported key type. */
export const KEY_TYPES = [
  "ssh-ed25519",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

/** A length, and that many bytes (RFC 4251, section 5). */
export function string(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

function mpint(number: Buffer): Buffer {
  const start = number.findIndex((byte) => byte !== 0);
  const bytes = number.subarray(start);
  return string((bytes[0] as number) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}

/** A key pair of a test. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** The line of authorized_keys, without a comment. */
  readonly line: string;
  /** The blob without its type. */
  readonly fields: Buffer;
  /** A signature: algorithm, bytes, and the flags and counter of a security key. */
  sign(data: Buffer, options?: { algorithm?: string; flags?: number }): Buffer;
}

export const APPLICATION = "ssh:";

/** A key pair of any type; security keys sign as in PROTOCOL.u2f. */
export function makeSigner(type: string, rsaBits: 1024 | 2048 = 2048): Signer {
  const { privateKey, fields } = makePair(type, rsaBits);
  const publicKey = publicKeyFromBlob(Buffer.concat([string(type), fields])) as PublicKey;
  return {
    publicKey,
    line: `${type} ${publicKey.blob.toString("base64")}`,
    fields,
    sign: (data, { algorithm = type === "ssh-rsa" ? "rsa-sha2-512" : type, flags = 1 } = {}) => {
      if (!type.startsWith("sk-")) {
        return Buffer.concat([string(algorithm), string(signBytes(privateKey, type, algorithm, data))]);
      }
      const device = Buffer.concat([Buffer.from([flags]), uint32(7)]);
      const message = Buffer.concat([sha256(APPLICATION), device, sha256(data)]);
      return Buffer.concat([string(algorithm), string(signBytes(privateKey, type, algorithm, message)), device]);
    },
  };
}

function sha256(data: string | Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

function makePair(type: string, rsaBits: 1024 | 2048): { privateKey: KeyObject; fields: Buffer } {
  const application = type.startsWith("sk-") ? string(APPLICATION) : Buffer.alloc(0);
  if (type.includes("ed25519")) {
    const privateKey = takeSigningKey("ed25519");
    const { x } = privateKey.export({ format: "jwk" });
    return { privateKey, fields: Buffer.concat([string(Buffer.from(x as string, "base64url")), application]) };
  }
  if (type === "ssh-rsa") {
    const privateKey = takeSigningKey(`rsa-${rsaBits}`);
    const { e, n } = privateKey.export({ format: "jwk" });
    return {
      privateKey,
      fields: Buffer.concat([e, n].map((number) => mpint(Buffer.from(number as string, "base64url")))),
    };
  }
  const bits = /nistp(256|384|521)/.exec(type)?.[1] as "256" | "384" | "521";
  const privateKey = takeSigningKey(`ecdsa-${bits}`);
  const { x, y } = privateKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), ...[x, y].map((half) => Buffer.from(half as string, "base64url"))]);
  return { privateKey, fields: Buffer.concat([string(`nistp${bits}`), string(point), application]) };
}

function signBytes(privateKey: KeyObject, type: string, algorithm: string, data: Buffer): Buffer {
  if (type.includes("ed25519")) return sign(null, data, privateKey);
  if (type === "ssh-rsa")
    return sign({ "rsa-sha2-256": "sha256", "ssh-rsa": "sha1" }[algorithm] ?? "sha512", data, privateKey);
  const hash = { nistp384: "sha384", nistp521: "sha512" }[/nistp\d+/.exec(type)?.[0] as string] ?? "sha256";
  const raw = sign(hash, data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return Buffer.concat([mpint(raw.subarray(0, raw.length / 2)), mpint(raw.subarray(raw.length / 2))]);
}

/** The fields of a certificate; the defaults are valid. */
export interface CertificateFields {
  readonly type?: string;
  readonly nonce?: Buffer;
  readonly serial?: bigint;
  readonly role?: number;
  readonly keyId?: string;
  readonly principals?: readonly string[];
  readonly validAfter?: bigint;
  readonly validBefore?: bigint;
  readonly criticalOptions?: readonly (readonly [string, Buffer])[];
  readonly extensions?: readonly (readonly [string, Buffer])[];
  readonly authorityBlob?: Buffer;
  readonly algorithm?: string;
  readonly tail?: Buffer;
}

/** A certificate in the format of PROTOCOL.certkeys. */
export function makeCertificate(key: Signer, authority: Signer, fields: CertificateFields = {}): Buffer {
  const options = (list: CertificateFields["extensions"] = []) =>
    string(Buffer.concat(list.flatMap(([name, data]) => [string(name), string(data)])));
  const { type = `${key.publicKey.type.replace("@openssh.com", "")}-cert-v01@openssh.com`, role = 1 } = fields;
  const body = Buffer.concat([
    string(type),
    string(fields.nonce ?? Buffer.alloc(32, 7)),
    key.fields,
    uint64(fields.serial ?? 1n),
    uint32(role),
    string(fields.keyId ?? "key id"),
    string(Buffer.concat((fields.principals ?? ["alice"]).map((principal) => string(principal)))),
    uint64(fields.validAfter ?? 0n),
    uint64(fields.validBefore ?? 2n ** 64n - 1n),
    options(fields.criticalOptions),
    options(fields.extensions),
    string(""),
    string(fields.authorityBlob ?? authority.publicKey.blob),
  ]);
  const signature = authority.sign(body, fields.algorithm === undefined ? {} : { algorithm: fields.algorithm });
  return Buffer.concat([body, string(signature), fields.tail ?? Buffer.alloc(0)]);
}
