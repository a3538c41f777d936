import type { AlgorithmChoice } from "../../algorithms.js";
import type { Protocol } from "../internals.js";
import { changeOffer } from "../kex/change-offer.js";

/** The MAC of dropbear, Twisted Conch and libssh2 before 1.11 beside MD5 and SHA-1, together with AES-CTR. */
const HMAC = "hmac-sha2-256";

/** Signatures of RSA keys with SHA-1, by the name that they share with the type of the key (RFC 8332, section 3). */
const RSA_SHA1 = "ssh-rsa";

/** Clients without AES-GCM and encrypt-then-MAC. libssh2 has both since 1.11, and would prefer the weaker MAC. */
const WITHOUT_ETM = /^SSH-2\.0-(?:dropbear|Twisted|libssh2_(?:0|1\.(?:\d|10))(?!\d))/i;

/**
 * net-ssh has curve25519 only together with the gem x25519, which Debian does not package, and no group over 2048 bits
 * with SHA-2. It prefers curve25519 where it has it.
 */
const KEX = "ecdh-sha2-nistp256";
const WITHOUT_CURVE25519 = /^SSH-2\.0-Ruby\/Net::SSH_/;

/**
 * OpenSSH has AES-GCM since 6.2 (2013), and prefers AES-CTR. The client's order decides (RFC 4253, section 7.1), and
 * CTR with its MAC costs a server 1.5 times as much for each byte (measured).
 */
const WITH_GCM = /^SSH-2\.0-OpenSSH_(?:6\.[2-9]|[7-9]|\d\d)/;

/**
 * Adjusts the offer to the client's software: one more MAC or key exchange for clients that could not connect, AES-GCM
 * alone for clients that would choose a slow cipher. To all clients, it does not offer the SHA-1 signatures that ssh2
 * adds for an RSA host key (server.js:271). The identification string is part of the exchange hash (RFC 4253, section
 * 8), so a middleman cannot change it unnoticed. ssh2 has one offer for all clients (server.js:326). Called in the turn
 * in which ssh2 announces the connection: the offer is sent right after it.
 * test/unit/runtime/ssh/ssh2/packets/adjust-offer.test.ts notices a change.
 * @param chosen the lists that the operator has set, which are offered to every client unchanged
 */
export function adjustOfferForClient(protocol: Protocol, chosen: AlgorithmChoice): void {
  const client = protocol._remoteIdentRaw?.toString("latin1") ?? "";
  const addHmac = !chosen.hmac && WITHOUT_ETM.test(client);
  const addKex = !chosen.kex && WITHOUT_CURVE25519.test(client);
  const onlyGcm = !chosen.cipher && WITH_GCM.test(client);
  const hasSha1 = protocol._offer.lists.serverHostKey.array.includes(RSA_SHA1);
  if (!addHmac && !addKex && !onlyGcm && !hasSha1) return;
  changeOffer(protocol, {
    ...(hasSha1 && { serverHostKey: (names) => names.filter((name) => name !== RSA_SHA1) }),
    ...(addKex && { kex: (names) => [...names, KEX] }),
    ...(onlyGcm && { cipher: (names) => names.filter((name) => name.includes("-gcm@")) }),
    ...(addHmac && { mac: (names) => [...names, HMAC] }),
  });
}
