import type { Protocol } from "./protocol.js";

/** What dropbear and Twisted Conch have beside MD5 and SHA-1, together with AES-CTR. */
const HMAC = "hmac-sha2-256";

/**
 * Offers one more algorithm to clients that say they are dropbear or Twisted Conch, which share no other with us: they have
 * neither AES-GCM nor MACs of what is sent (encrypt-then-MAC). Nobody else is offered it. The name is part of what the keys
 * are made of (RFC 4253, section 8), so that nobody between client and server can change it unnoticed. It has to be called
 * in the turn in which ssh2 announces the connection: the offer leaves right after it.
 */
export function offerPlainHmac(protocol: Protocol): void {
  if (!/^SSH-2\.0-(?:dropbear|Twisted)/i.test(protocol._remoteIdentRaw?.toString("latin1") ?? "")) return;
  const { kex, serverHostKey, cs } = protocol._offer.lists;
  const { cipher, mac, compress, lang } = cs;
  const direction = {
    cipher: cipher.array,
    mac: [...mac.array, HMAC],
    compress: compress.array,
    lang: lang.array,
  };
  const Offer = protocol._offer.constructor as new (algorithms: object) => Protocol["_offer"];
  protocol._offer = new Offer({
    kex: kex.array,
    serverHostKey: serverHostKey.array,
    cs: direction,
    sc: direction,
  });
}
