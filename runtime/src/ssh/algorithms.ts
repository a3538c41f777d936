import type { Algorithms, ServerHostKeyAlgorithm } from "ssh2";

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

/** What the server offers. Its host key is ed25519: an RSA one would make ssh2 advertise SHA-1 signatures too. */
export const SERVER_ALGORITHMS = { ...COMMON, serverHostKey: ["ssh-ed25519"] } satisfies Algorithms;

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
 * that we know, or a good host looks changed.
 */
export function clientAlgorithms(knownTypes: readonly string[]): Algorithms {
  const isKnown = (name: ServerHostKeyAlgorithm) => knownTypes.includes(name.startsWith("rsa-") ? "ssh-rsa" : name);
  return {
    ...COMMON,
    serverHostKey: [...HOST_KEYS.filter(isKnown), ...HOST_KEYS.filter((name) => !isKnown(name))],
  };
}
