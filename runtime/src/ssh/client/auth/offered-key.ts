import { plainKeyType } from "../../keys/format/certificate.js";

/** A key, or the certificate of one, that a client can offer to a server (RFC 4252, section 7). */
export interface OfferedKey {
  /** Of `blob`: such as `ssh-ed25519`, or `ssh-ed25519-cert-v01@openssh.com`. */
  readonly type: string;
  /** In SSH's binary form. */
  readonly blob: Buffer;
  /** What it is and where it came from, for messages. */
  readonly label: string;
  /** The whole signature in SSH's binary form. Rejects where it cannot be made. */
  sign(data: Buffer, algorithm: string): Promise<Buffer>;
}

/** The names that a key goes by when it is offered. */
export interface OfferedAlgorithm {
  /** In the request, such as `rsa-sha2-256-cert-v01@openssh.com`. */
  readonly request: string;
  /** In the signature, such as `rsa-sha2-256`. */
  readonly signature: string;
}

/**
 * How to offer a key: RSA with SHA-2 and never with SHA-1, also to a server that does not say what it takes (RFC 8332).
 * rsa-sha2-256 is what every server knows that knows any.
 * @param accepted the server's `server-sig-algs` (RFC 8308, section 3.1), where it has sent them
 * @returns undefined where the server takes none that is good
 */
export function algorithmOf(type: string, accepted: readonly string[] | undefined): OfferedAlgorithm | undefined {
  const plain = plainKeyType(type) ?? type;
  if (plain !== "ssh-rsa") return { request: type, signature: plain };
  const signature = ["rsa-sha2-512", "rsa-sha2-256"].find((name) => accepted?.includes(name));
  if (signature === undefined && accepted?.some((name) => name.includes("rsa"))) return undefined;
  const name = signature ?? "rsa-sha2-256";
  return { request: type.replace(/^ssh-rsa/, name), signature: name };
}
