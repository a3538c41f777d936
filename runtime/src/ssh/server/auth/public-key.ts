import type { PublicKeyAuthContext } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { type Certificate, parseCertificate, plainKeyType } from "../../keys/format/certificate.js";
import { isCertificateType, KEY_TYPES, type PublicKey, publicKeyFromBlob } from "../../keys/format/public-key.js";
import {
  DEVICE_SIZE,
  isSecurityKeyType,
  parseSignature,
  type Signature,
  signsWith,
  verifySignature,
} from "../../keys/format/signature.js";
import type { KeyGrant, KeySource } from "../../keys/lists/key-lookup.js";
import type { RevokedKeys } from "../../keys/lists/revoked-keys.js";
import { type CertificateHolder, certificateGrant, describeCertificate } from "./certificate.js";
import { checkGrant } from "./check-grant.js";
import { cannotSay, type Decision, type RejectedKey, refuse, type Withdrawal } from "./decision.js";

/** Where keys are looked up. */
export interface PublicKeyConfig {
  readonly keys: Pick<KeySource, "lookup" | "authorities">;
  readonly revoked?: Pick<RevokedKeys, "reason">;
}

/** A key as it was presented, with its certificate where it came in one. */
interface Presented {
  readonly key: PublicKey;
  readonly certificate?: Certificate;
}

/** What certificates for RSA keys are asked for with, and what they sign with. */
const CERTIFIED_RSA: Readonly<Record<string, string>> = {
  "rsa-sha2-256-cert-v01@openssh.com": "rsa-sha2-256",
  "rsa-sha2-512-cert-v01@openssh.com": "rsa-sha2-512",
};

/**
 * Decides on one attempt to log in with a key or a certificate (RFC 4252, section 7); it never rejects. ssh2 checks
 * nothing of this by itself, least of all the signature.
 */
export async function decidePublicKey(
  context: PublicKeyAuthContext,
  config: PublicKeyConfig,
  holder: CertificateHolder,
): Promise<Decision> {
  const { algo, data } = context.key as { algo?: string; data?: Buffer };
  // A copy, as of the key in it: ssh2 may reuse the memory while the look-up waits.
  const signature = context.signature && Buffer.from(context.signature);
  const algorithm = signatureAlgorithm(algo ?? "", context.hashAlgo);
  let presented: Presented;
  try {
    presented = present(algo ?? "", data, algorithm);
  } catch (error) {
    return refuse(errorMessage(error));
  }
  const about = describe(presented);

  const look = (): Promise<KeyGrant | Withdrawal> => lookUp(presented, config, holder);
  const grant = await look();
  if ("deny" in grant) return ("unknown" in grant ? cannotSay : refuse)(grant.deny, about);
  if (signature === undefined) return { outcome: "would do" };
  const proof = verify(presented, algorithm, signature, context.blob);
  if (proof === undefined) return refuse("the signature is wrong", about);
  if (!proof.touched && grant.touchRequired !== false) return refuse("nobody has touched the security key", about);
  if (!proof.userVerified && grant.verifyRequired) {
    return refuse("the security key has asked its user for no PIN or finger", about);
  }
  const { key, certificate } = presented;
  return {
    outcome: "proven",
    proof: {
      method: "publickey",
      fingerprint: key.fingerprint,
      ...(certificate && { certificate: describeCertificate(certificate) }),
      grant,
      again: look,
    },
  };
}

/** What the client means to sign with; undefined where it is SHA-1. ssh2 makes `rsa-sha2-…` a name and a hash. */
function signatureAlgorithm(algo: string, hashAlgo: string | undefined): string | undefined {
  if (algo === "ssh-rsa") return { sha256: "rsa-sha2-256", sha512: "rsa-sha2-512" }[hashAlgo ?? ""];
  if (Object.hasOwn(CERTIFIED_RSA, algo)) return CERTIFIED_RSA[algo];
  return algo === "ssh-rsa-cert-v01@openssh.com" ? undefined : (plainKeyType(algo) ?? algo);
}

/** @throws Error of one line for the log, where the key cannot be used */
function present(algo: string, blob: Buffer | undefined, algorithm: string | undefined): Presented {
  if (blob === undefined) throw new Error("the key is damaged");
  if (algorithm === undefined) {
    throw new Error("an RSA key with SHA-1: the client must use rsa-sha2-256 or rsa-sha2-512");
  }
  const certificate = isCertificateType(algo) ? parseCertificate(blob) : undefined;
  const key = certificate?.key ?? publicKeyFromBlob(blob);
  if (key === undefined) throw new Error("the key is damaged");
  if (!KEY_TYPES.includes(key.type) || !signsWith(key.type, algorithm)) {
    throw new Error(`the algorithm ${printable(algo, 60)} does not fit the key`);
  }
  return { key, ...(certificate && { certificate }) };
}

function describe({ key, certificate }: Presented): RejectedKey {
  const { fingerprint } = key;
  if (certificate === undefined) return { fingerprint };
  const { keyId, serial, authority } = describeCertificate(certificate);
  return { fingerprint, keyId, serial, authority };
}

async function lookUp(
  { key, certificate }: Presented,
  { keys, revoked }: PublicKeyConfig,
  holder: CertificateHolder,
): Promise<KeyGrant | Withdrawal> {
  try {
    const reason = await revoked?.reason(key, certificate);
    if (reason !== undefined) return { deny: reason };
    const answer = certificate
      ? await certificateGrant(certificate, holder, keys.authorities)
      : await keys.lookup({ ...holder, key });
    if (answer === undefined || "deny" in answer) return answer ?? { deny: "the key is not listed" };
    const grant = checkGrant(answer);
    const isExpired = grant.expires !== undefined && grant.expires <= Date.now();
    return isExpired ? { deny: "what it logged in with has expired" } : grant;
  } catch (error) {
    const why = printable(errorMessage(error));
    return { deny: `the look-up of the key failed: ${why}`, unknown: true };
  }
}

function verify(
  { key, certificate }: Presented,
  algorithm: string | undefined,
  bytes: Buffer,
  signed: Buffer | undefined,
): ReturnType<typeof verifySignature> {
  if (signed === undefined || algorithm === undefined) return undefined;
  try {
    const signature = certificate === undefined ? stripped(key.type, algorithm, bytes) : parseSignature(bytes);
    return signature.algorithm === algorithm ? verifySignature(key, signature, signed) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The signature of a plain key as ssh2 leaves it: without its name, and that of ECDSA as ASN.1. Those of certificates
 * it leaves whole, for their names are not those of their signatures.
 */
function stripped(type: string, algorithm: string, bytes: Buffer): Signature {
  if (!isSecurityKeyType(type)) return { algorithm, bytes, encoding: type.startsWith("ecdsa-") ? "der" : "ssh" };
  const end = bytes.length - DEVICE_SIZE;
  if (end < 0) throw new RangeError("it is cut off");
  return { algorithm, bytes: bytes.subarray(0, end), encoding: "ssh", device: bytes.subarray(end) };
}
