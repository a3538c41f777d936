import { plainKeyType } from "../../keys/format/certificate.js";

/** A key or certificate that a client can offer to a server (RFC 4252, section 7). */
export interface OfferedKey {
  /** The type of `blob`, such as `ssh-ed25519` or `ssh-ed25519-cert-v01@openssh.com`. */
  readonly type: string;
  /** SSH's binary form. */
  readonly blob: Buffer;
  /** The key and its source, for messages. */
  readonly label: string;
  /** Whether the private key is in memory, so that it signs without a prompt or an agent. */
  readonly isOpen: boolean;
  /** Signs; resolves with the whole signature in SSH's binary form. */
  sign(data: Buffer, algorithm: string): Promise<Buffer>;
}

/** The algorithm names under which a key is offered. */
export interface OfferedAlgorithm {
  /** In the request, such as `rsa-sha2-256-cert-v01@openssh.com`. */
  readonly request: string;
  /** In the signature, such as `rsa-sha2-256`. */
  readonly signature: string;
}

/** Whether the algorithms of a key or certificate of this type depend on those that the server accepts. */
export function dependsOnServer(type: string): boolean {
  return (plainKeyType(type) ?? type) === "ssh-rsa";
}

/**
 * The algorithms to offer a key with. RSA signs with SHA-2, never with SHA-1, also where the server sends no
 * `server-sig-algs` (RFC 8332): every server that supports SHA-2 supports rsa-sha2-256.
 * @param accepted the server's `server-sig-algs` (RFC 8308, section 3.1), where it has sent them
 * @returns undefined where the server accepts none of them
 */
export function algorithmOf(type: string, accepted: readonly string[] | undefined): OfferedAlgorithm | undefined {
  const plain = plainKeyType(type) ?? type;
  if (!dependsOnServer(type)) return { request: type, signature: plain };
  const signature = ["rsa-sha2-512", "rsa-sha2-256"].find((name) => accepted?.includes(name));
  if (signature === undefined && accepted?.some((name) => name.includes("rsa"))) return undefined;
  const name = signature ?? "rsa-sha2-256";
  return { request: type.replace(/^ssh-rsa/, name), signature: name };
}
