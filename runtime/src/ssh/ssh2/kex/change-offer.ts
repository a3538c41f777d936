import type { Protocol } from "../internals.js";

type Lists = Protocol["_offer"]["lists"];
type Names = readonly string[];

/** How the offered names change; an absent list stays as it is. */
interface OfferChange {
  readonly kex?: (names: Names) => Names;
  readonly serverHostKey?: (names: Names) => Names;
  /** In both directions. */
  readonly cipher?: (names: Names) => Names;
  /** In both directions. */
  readonly mac?: (names: Names) => Names;
}

/** Offers that connections share: each has its names also in encoded form, and few differ. ssh2 changes none (protocol/kex.js:1642). */
const offers = new Map<string, Protocol["_offer"]>();

/** A peer decides on some of the names. */
const MAX_OFFERS = 32;

const same = (names: Names): Names => names;

/**
 * Changes the algorithms that one connection offers, in the order of preference. ssh2 builds its offer once, from the
 * options (protocol/kex.js:1642), and offers no name that it does not know. Called before the first key exchange, in
 * the turn in which the connection is announced or `connect` was called.
 * test/unit/runtime/ssh/ssh2/packets/adjust-offer.test.ts notices a change.
 */
export function changeOffer(protocol: Protocol, change: OfferChange): void {
  const { kex = same, serverHostKey = same, cipher = same, mac = same } = change;
  const { lists } = protocol._offer;
  const direction = (of: Lists["cs"]): object => ({
    cipher: cipher(of.cipher.array),
    mac: mac(of.mac.array),
    compress: of.compress.array,
    lang: of.lang.array,
  });
  const names = {
    kex: kex(lists.kex.array),
    serverHostKey: serverHostKey(lists.serverHostKey.array),
    cs: direction(lists.cs),
    sc: direction(lists.sc),
  };
  const key = JSON.stringify(names);
  const Offer = protocol._offer.constructor as new (algorithms: object) => Protocol["_offer"];
  const offer = offers.get(key) ?? new Offer(names);
  if (offers.size < MAX_OFFERS) offers.set(key, offer);
  protocol._offer = offer;
}
