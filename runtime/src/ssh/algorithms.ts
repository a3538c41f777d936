import type { Algorithms, ServerHostKeyAlgorithm } from "ssh2";
import { OptionError } from "../base/check-options.js";
import { printable } from "../base/printable.js";
import type { AlgorithmOptions } from "./algorithm-options.js";

/** Which lists the operator has set: these are offered to every client unchanged. */
export interface AlgorithmChoice {
  readonly kex: boolean;
  readonly cipher: boolean;
  readonly hmac: boolean;
}

/** ML-KEM-768 and X25519 together (draft-ietf-sshm-mlkem-hybrid-kex). ssh2 does not have it: see ssh2/kex. */
export const HYBRID_KEX = "mlkem768x25519-sha256";

/** The key exchanges of ssh2 that are offered. `…@libssh.org` comes first for dropbear, which knows curve25519 by that name alone. */
export const SSH2_KEX = [
  "curve25519-sha256@libssh.org",
  "curve25519-sha256",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
] as const satisfies Algorithms["kex"];

const KEX = [HYBRID_KEX, ...SSH2_KEX] as const;

/**
 * The offer of both sides, without anything that a security audit of 2025 objects to. AES-GCM is first: every peer has
 * it, and processors accelerate it. `none` is the only compression: inflating before authentication exposes memory to
 * attacks. The key exchanges are those of ssh2: {@link offeredKex} has the actual list.
 */
const COMMON = {
  kex: [...SSH2_KEX],
  cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
} satisfies Algorithms;

/** Why other algorithms are not offered, for errors about their names. */
const WEAK: readonly (readonly [RegExp, string])[] = [
  [/sha1|md5|ripemd/i, "broken or weak hash"],
  [/group(1|14)-/, "group too small"],
  [/group-exchange/, "not implemented by ssh2's server"],
  [/ecdh-sha2-nistp/, "the parameters of the curve are unexplained"],
  [/chacha20/, "prefix truncation with peers without strict key exchange (CVE-2023-48795)"],
  [/-cbc|arcfour|3des|blowfish|cast128/, "plaintext recovery, or too weak"],
  [/^hmac-.*(?<!-etm@openssh\.com)$/, "authenticates the plaintext, not the ciphertext"],
  [/mlkem|sntrup|kyber/, "not implemented"],
];

/**
 * The server's offer: every safe algorithm, or those of `wanted`. Its host keys decide which of the host key algorithms
 * it offers.
 * @throws OptionError that names an algorithm that is not offered, with the reason
 */
export function serverAlgorithms(wanted: AlgorithmOptions = {}): Algorithms {
  return {
    ...COMMON,
    cipher: choose("cipher", wanted.cipher, COMMON.cipher),
    hmac: choose("hmac", wanted.hmac, COMMON.hmac),
    serverHostKey: [...HOST_KEYS],
  };
}

/**
 * The key exchanges to offer, in the order of preference, on either side.
 * @throws OptionError as {@link serverAlgorithms}
 */
export function offeredKex(wanted: AlgorithmOptions = {}): readonly string[] {
  return choose("kex", wanted.kex, KEX);
}

function choose<Name extends string>(
  kind: string,
  wanted: readonly string[] | undefined,
  safe: readonly Name[],
): Name[] {
  if (wanted === undefined) return [...safe];
  const option = `option algorithms.${kind}`;
  if (wanted.length === 0) throw new OptionError(`${option} is empty; omit it, or choose from ${safe.join(", ")}`);
  return [...new Set(wanted)].map((name) => {
    const known = safe.find((candidate) => candidate === name);
    if (known !== undefined) return known;
    const why = WEAK.find(([pattern]) => pattern.test(name))?.[1] ?? "unknown";
    throw new OptionError(`${option}: "${printable(name, 60)}" is not offered: ${why}; choose from ${safe.join(", ")}`);
  });
}

/** The host key algorithms, without SHA-1. */
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/**
 * The client's offer. The host key types in `knownTypes` come first: a server with several keys must present a known
 * one, or its host key looks changed. MACs of the plaintext come last, for dropbear, which has no others.
 * @throws OptionError as {@link serverAlgorithms}
 */
export function clientAlgorithms(knownTypes: readonly string[], wanted: AlgorithmOptions = {}): Algorithms {
  const isKnown = (name: ServerHostKeyAlgorithm) => knownTypes.includes(name.startsWith("rsa-") ? "ssh-rsa" : name);
  return {
    ...COMMON,
    cipher: choose("cipher", wanted.cipher, COMMON.cipher),
    hmac: choose("hmac", wanted.hmac, [...COMMON.hmac, "hmac-sha2-256", "hmac-sha2-512"] as const),
    serverHostKey: [...HOST_KEYS.filter(isKnown), ...HOST_KEYS.filter((name) => !isKnown(name))],
  };
}
