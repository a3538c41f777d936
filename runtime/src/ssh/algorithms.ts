import type { Algorithms, ServerHostKeyAlgorithm } from "ssh2";
import { printable } from "../base/printable.js";
import type { AlgorithmOptions } from "./admission/guard-options.js";

/**
 * What both sides offer: nothing that an audit of 2025 objects to. AES-GCM comes first, which every peer has and
 * processors help with; `none` is the only compression, since inflating before authentication is an attack on memory.
 * `curve25519-sha256@libssh.org` comes first for dropbear, which knows the exchange by that name alone.
 */
const COMMON = {
  kex: [
    "curve25519-sha256@libssh.org",
    "curve25519-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
  ],
  cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
} satisfies Algorithms;

/** Why others are not offered, for those who ask for one by name. */
const WEAK: readonly (readonly [RegExp, string])[] = [
  [/sha1|md5|ripemd/i, "its hash is broken, or close to it"],
  [/group(1|14)-/, "its group is too small"],
  [/group-exchange/, "ssh2 cannot serve it"],
  [/ecdh-sha2-nistp/, "the origin of its curve is not explained"],
  [/chacha20/, "with peers that know no strict key exchange it lets packets be cut off (CVE-2023-48795)"],
  [/-cbc|arcfour|3des|blowfish|cast128/, "it gives plaintext away, or is too weak"],
  [/^hmac-.*(?<!-etm@openssh\.com)$/, "it authenticates the plaintext, not what is sent"],
  [/mlkem|sntrup|kyber/, "ssh2 has no post-quantum key exchange"],
];

/**
 * What the server offers, which is all that is safe where `wanted` does not choose from it. Its host key is ed25519: an RSA
 * one would make ssh2 advertise SHA-1 signatures too.
 * @throws Error that names the algorithm that is not offered, with the reason
 */
export function serverAlgorithms(wanted: AlgorithmOptions = {}): Algorithms {
  return {
    ...COMMON,
    kex: choose("kex", wanted.kex, COMMON.kex),
    cipher: choose("cipher", wanted.cipher, COMMON.cipher),
    hmac: choose("hmac", wanted.hmac, COMMON.hmac),
    serverHostKey: ["ssh-ed25519"],
  };
}

function choose<Name extends string>(
  kind: string,
  wanted: readonly string[] | undefined,
  safe: readonly Name[],
): Name[] {
  if (wanted === undefined) return [...safe];
  const option = `the option algorithms.${kind}`;
  if (wanted.length === 0) throw new Error(`${option} is empty; leave it out, or choose from ${safe.join(", ")}`);
  return [...new Set(wanted)].map((name) => {
    const known = safe.find((candidate) => candidate === name);
    if (known !== undefined) return known;
    const why = WEAK.find(([pattern]) => pattern.test(name))?.[1] ?? "it is not known";
    throw new Error(
      `${option} names "${printable(name, 60)}", which is not offered: ${why}; choose from ${safe.join(", ")}`,
    );
  });
}

/** The host keys that the client accepts: also those of stock servers, never with SHA-1. */
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/**
 * What the client offers. The host key types in `knownTypes` come first: a server with several keys must present one
 * that we know, or a good host looks changed. MACs of the plaintext come last, for dropbear, which has no others.
 */
export function clientAlgorithms(knownTypes: readonly string[]): Algorithms {
  const isKnown = (name: ServerHostKeyAlgorithm) => knownTypes.includes(name.startsWith("rsa-") ? "ssh-rsa" : name);
  return {
    ...COMMON,
    hmac: [...COMMON.hmac, "hmac-sha2-256", "hmac-sha2-512"],
    serverHostKey: [...HOST_KEYS.filter(isKnown), ...HOST_KEYS.filter((name) => !isKnown(name))],
  };
}
