import type { Protocol } from "../internals.js";

type Lists = Protocol["_offer"]["lists"];
type Names = readonly string[];

/** What becomes of the names that are offered; what is absent stays as it is. */
export interface OfferChange {
  readonly serverHostKey?: (names: Names) => Names;
  /** In both directions. */
  readonly cipher?: (names: Names) => Names;
  /** In both directions. */
  readonly mac?: (names: Names) => Names;
}

const same = (names: Names): Names => names;

/**
 * Changes the algorithms that a connection of ssh2 offers, in the order in which it prefers them. To be called before its
 * first exchange of keys begins, in the turn in which it is announced, or was told to connect.
 */
export function changeOffer(protocol: Protocol, change: OfferChange): void {
  const { serverHostKey = same, cipher = same, mac = same } = change;
  const { lists } = protocol._offer;
  const direction = (of: Lists["cs"]): object => ({
    cipher: cipher(of.cipher.array),
    mac: mac(of.mac.array),
    compress: of.compress.array,
    lang: of.lang.array,
  });
  const Offer = protocol._offer.constructor as new (algorithms: object) => Protocol["_offer"];
  protocol._offer = new Offer({
    kex: lists.kex.array,
    serverHostKey: serverHostKey(lists.serverHostKey.array),
    cs: direction(lists.cs),
    sc: direction(lists.sc),
  });
}
