import type { PublicKeyAuthContext } from "ssh2";
import { fieldProblem, type OptionTable } from "../../../base/check-options.js";
import { errorMessage } from "../../../base/error-message.js";
import type { RejectedKey } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { wrongType } from "../../../base/wrong-type.js";
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
import type { KeyGrant, KeyRefusal, KeySource } from "../../keys/lists/key-lookup.js";
import type { RevokedKeys } from "../../keys/lists/revoked-keys.js";
import { type CertificateHolder, certificateGrant, describeCertificate } from "./certificate.js";
import { type Decision, type Denial, deny, denyUndecided } from "./decision.js";
import { checkGrant } from "./login-grant.js";

/** Where a server looks keys up. */
export interface PublicKeyConfig {
  readonly keys: Pick<KeySource, "lookup" | "authorities">;
  readonly revoked?: Pick<RevokedKeys, "reason">;
}

/** The key of a request, and its certificate where it has one. */
interface PresentedKey {
  readonly key: PublicKey;
  readonly certificate?: Certificate;
}

/** The field of a {@link KeyRefusal}. */
const REFUSAL = { deny: true } satisfies OptionTable<KeyRefusal>;

/** The algorithms of RSA certificates in requests, and the signature algorithm of each. */
const CERTIFIED_RSA: Readonly<Record<string, string>> = {
  "rsa-sha2-256-cert-v01@openssh.com": "rsa-sha2-256",
  "rsa-sha2-512-cert-v01@openssh.com": "rsa-sha2-512",
};

/**
 * Decides on one attempt to log in with a key or a certificate (RFC 4252, section 7); it never rejects. ssh2 leaves every
 * check of it to its user, the signature included.
 */
export async function decidePublicKey(
  context: PublicKeyAuthContext,
  config: PublicKeyConfig,
  holder: CertificateHolder,
): Promise<Decision> {
  const { algo, data } = context.key as { algo?: string; data?: Buffer };
  // A copy, as that of the key below: ssh2 may reuse the memory during the lookup.
  const signature = context.signature && Buffer.from(context.signature);
  const algorithm = signatureAlgorithm(algo ?? "", context.hashAlgo);
  let presented: PresentedKey;
  try {
    presented = present(algo ?? "", data, algorithm);
  } catch (error) {
    return deny(errorMessage(error));
  }
  const fields = describe(presented);

  const reauthorize = (): Promise<KeyGrant | Denial> => lookUp(presented, config, holder);
  const grant = await reauthorize();
  if ("deny" in grant) return ("lookupFailed" in grant ? denyUndecided : deny)(grant.deny, fields);
  if (signature === undefined) return { outcome: "key-acceptable" };
  const flags = verify(presented, algorithm, signature, context.blob);
  if (flags === undefined) return deny("invalid signature", fields);
  if (!flags.touched && grant.touchRequired !== false) {
    return deny("the security key requires a touch (user presence)", fields);
  }
  if (!flags.userVerified && grant.verifyRequired) {
    return deny("the security key requires a PIN or fingerprint (user verification)", fields);
  }
  const { key, certificate } = presented;
  return {
    outcome: "verified",
    verified: {
      method: "publickey",
      fingerprint: key.fingerprint,
      ...(certificate && { certificate: describeCertificate(certificate) }),
      grant,
      reauthorize,
    },
  };
}

/** The signature algorithm of a request; undefined for SHA-1. ssh2 splits `rsa-sha2-…` into `ssh-rsa` and a hash. */
function signatureAlgorithm(algo: string, hashAlgo: string | undefined): string | undefined {
  if (algo === "ssh-rsa") return { sha256: "rsa-sha2-256", sha512: "rsa-sha2-512" }[hashAlgo ?? ""];
  if (Object.hasOwn(CERTIFIED_RSA, algo)) return CERTIFIED_RSA[algo];
  return algo === "ssh-rsa-cert-v01@openssh.com" ? undefined : (plainKeyType(algo) ?? algo);
}

/** @throws Error of one line for the log, where the key cannot be used */
function present(algo: string, blob: Buffer | undefined, algorithm: string | undefined): PresentedKey {
  if (blob === undefined) throw new Error("malformed key");
  if (algorithm === undefined) {
    throw new Error("RSA signatures with SHA-1 are not accepted; use rsa-sha2-256 or rsa-sha2-512");
  }
  const certificate = isCertificateType(algo) ? parseCertificate(blob) : undefined;
  const key = certificate?.key ?? publicKeyFromBlob(blob);
  if (key === undefined) throw new Error("malformed key");
  if (!KEY_TYPES.includes(key.type) || !signsWith(key.type, algorithm)) {
    throw new Error(`the algorithm ${printable(algo, 60)} does not match the type of the key`);
  }
  return { key, ...(certificate && { certificate }) };
}

function describe({ key, certificate }: PresentedKey): RejectedKey {
  const { fingerprint } = key;
  if (certificate === undefined) return { fingerprint };
  const { keyId, serial, authority } = describeCertificate(certificate);
  return { fingerprint, keyId, serial, authority };
}

async function lookUp(
  { key, certificate }: PresentedKey,
  { keys, revoked }: PublicKeyConfig,
  holder: CertificateHolder,
): Promise<KeyGrant | Denial> {
  try {
    const reason = await revoked?.reason(key, certificate);
    if (reason !== undefined) return { deny: reason };
    const answer = certificate
      ? await certificateGrant(certificate, holder, keys.authorities)
      : await keys.lookup({ ...holder, key });
    return answer === undefined ? { deny: "the key is not listed" } : checkAnswer(answer);
  } catch (error) {
    return { deny: `key lookup failed: ${printable(errorMessage(error))}`, lookupFailed: true };
  }
}

/** An invalid answer denies the key, also that of an open connection: it may be a refusal with a misspelled field. */
function checkAnswer(answer: KeyGrant | KeyRefusal | Denial): KeyGrant | Denial {
  try {
    if (typeof answer !== "object" || answer === null) {
      throw new Error(`the answer: ${wrongType(answer, "a grant or a refusal")}`);
    }
    if ("deny" in answer) {
      const problem = fieldProblem(answer, REFUSAL);
      if (problem !== undefined) throw new Error(problem);
      return answer;
    }
    const grant = checkGrant(answer, REFUSAL);
    const isExpired = grant.expires !== undefined && grant.expires <= Date.now();
    return isExpired ? { deny: "the credential has expired" } : grant;
  } catch (error) {
    return { deny: `key lookup failed: ${printable(errorMessage(error))}` };
  }
}

function verify(
  { key, certificate }: PresentedKey,
  algorithm: string | undefined,
  bytes: Buffer,
  signed: Buffer | undefined,
): ReturnType<typeof verifySignature> {
  if (signed === undefined || algorithm === undefined) return undefined;
  try {
    const signature = certificate === undefined ? restoreSignature(key.type, algorithm, bytes) : parseSignature(bytes);
    return signature.algorithm === algorithm ? verifySignature(key, signature, signed) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Restores the signature of a plain key: ssh2 strips the algorithm's name and converts ECDSA to ASN.1. Signatures of
 * certificates stay whole, because their algorithm is not the one of the request.
 */
function restoreSignature(type: string, algorithm: string, bytes: Buffer): Signature {
  if (!isSecurityKeyType(type)) return { algorithm, bytes, encoding: type.startsWith("ecdsa-") ? "der" : "ssh" };
  const end = bytes.length - DEVICE_SIZE;
  if (end < 0) throw new RangeError("truncated signature");
  return { algorithm, bytes: bytes.subarray(0, end), encoding: "ssh", device: bytes.subarray(end) };
}
