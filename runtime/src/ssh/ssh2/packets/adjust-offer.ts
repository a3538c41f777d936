import type { AlgorithmChoice } from "../../algorithms.js";
import type { Protocol } from "../internals.js";
import { changeOffer } from "./change-offer.js";

/** The MAC of dropbear, Twisted Conch and libssh2 before 1.11 beside MD5 and SHA-1, together with AES-CTR. */
const HMAC = "hmac-sha2-256";

/** Clients without AES-GCM and encrypt-then-MAC. libssh2 has both since 1.11, and would prefer the weaker MAC. */
const WITHOUT_ETM = /^SSH-2\.0-(?:dropbear|Twisted|libssh2_(?:0|1\.(?:\d|10))(?!\d))/i;

/**
 * OpenSSH has AES-GCM since 6.2 (2013), and prefers AES-CTR. The client's order decides (RFC 4253, section 7.1), and
 * CTR with its MAC costs a server 1.5 times as much for each byte (measured).
 */
const WITH_GCM = /^SSH-2\.0-OpenSSH_(?:6\.[2-9]|[7-9]|\d\d)/;

/**
 * Adjusts the offer to the client's software: one more MAC for clients that could not connect, AES-GCM alone for
 * clients that would choose a slow cipher. The identification string is part of the exchange hash (RFC 4253, section
 * 8), so a middleman cannot change it unnoticed. ssh2 has one offer for all clients (server.js:326). Called in the turn
 * in which ssh2 announces the connection: the offer is sent right after it.
 * test/unit/runtime/ssh/ssh2/packets/adjust-offer.test.ts notices a change.
 * @param chosen the lists that the operator has set, which are offered to every client unchanged
 */
export function adjustOfferForClient(protocol: Protocol, chosen: AlgorithmChoice): void {
  const client = protocol._remoteIdentRaw?.toString("latin1") ?? "";
  const addHmac = !chosen.hmac && WITHOUT_ETM.test(client);
  const onlyGcm = !chosen.cipher && WITH_GCM.test(client);
  if (!addHmac && !onlyGcm) return;
  changeOffer(protocol, {
    ...(onlyGcm && { cipher: (names) => names.filter((name) => name.includes("-gcm@")) }),
    ...(addHmac && { mac: (names) => [...names, HMAC] }),
  });
}
