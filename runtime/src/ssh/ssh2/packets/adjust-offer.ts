import type { Protocol } from "../internals.js";
import { changeOffer } from "./change-offer.js";

/** Which algorithms the operator has chosen: those are offered to everybody as they stand. */
export interface ChosenAlgorithms {
  readonly cipher: boolean;
  readonly hmac: boolean;
}

/** What dropbear, Twisted Conch and libssh2 before 1.11 have beside MD5 and SHA-1, together with AES-CTR. */
const HMAC = "hmac-sha2-256";

/**
 * They share no MAC with us: they have neither AES-GCM nor MACs of what is sent (encrypt-then-MAC). libssh2 has both since
 * 1.11, and would prefer the weaker MAC.
 */
const WITHOUT_ETM = /^SSH-2\.0-(?:dropbear|Twisted|libssh2_(?:0|1\.(?:\d|10))(?!\d))/i;

/**
 * OpenSSH has AES-GCM since 6.2, of 2013, and puts AES-CTR before it. The client's order decides (RFC 4253, section 7.1), and
 * CTR with its MAC costs a server half as much again for each byte (measured).
 */
const WITH_GCM = /^SSH-2\.0-OpenSSH_(?:6\.[2-9]|[7-9]|\d\d)/;

/**
 * Fits the offer to the client's program: one more MAC for those who could not connect, AES-GCM alone for those who would
 * choose what is slow. The name is part of what the keys are made of (RFC 4253, section 8), so that nobody between client and
 * server can change it unnoticed. It has to be called in the turn in which ssh2 announces the connection: the offer leaves
 * right after it.
 */
export function adjustOfferForClient(protocol: Protocol, chosen: ChosenAlgorithms): void {
  const client = protocol._remoteIdentRaw?.toString("latin1") ?? "";
  const addHmac = !chosen.hmac && WITHOUT_ETM.test(client);
  const onlyGcm = !chosen.cipher && WITH_GCM.test(client);
  if (!addHmac && !onlyGcm) return;
  changeOffer(protocol, {
    ...(onlyGcm && { cipher: (names) => names.filter((name) => name.includes("-gcm@")) }),
    ...(addHmac && { mac: (names) => [...names, HMAC] }),
  });
}
