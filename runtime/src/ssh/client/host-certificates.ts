import type { Client } from "ssh2";
import { plainKeyType } from "../keys/certificate.js";

/**
 * The certificates of hosts that can be asked for, with {@link showPlainKey}. Not those of RSA keys, whose type ssh2 does not
 * let differ from the name of their signature.
 */
const TYPES: readonly string[] = [
  "ssh-ed25519-cert-v01@openssh.com",
  "ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "ecdsa-sha2-nistp384-cert-v01@openssh.com",
  "ecdsa-sha2-nistp521-cert-v01@openssh.com",
];

interface List {
  readonly array: readonly string[];
}

interface Direction {
  readonly cipher: List;
  readonly mac: List;
  readonly compress: List;
  readonly lang: List;
}

/** What ssh2 proposes for the exchange of keys. */
interface Offer {
  readonly lists: { readonly kex: List; readonly serverHostKey: List; readonly cs: Direction; readonly sc: Direction };
}

/** The parts of ssh2's client that its types do not show. */
interface Exchange {
  readonly negotiated: { serverHostKey: string };
  _hostKey: Buffer | undefined;
}

interface Internals {
  readonly _protocol: { _offer: Offer; readonly _kex: Exchange };
}

/** Asks a host for a certificate before any key. To be called right after `connect`. */
export function askForCertificates(client: Client): void {
  const protocol = (client as unknown as Internals)._protocol;
  const { lists } = protocol._offer;
  const arrays = ({ cipher, mac, compress, lang }: Direction) => ({
    cipher: cipher.array,
    mac: mac.array,
    compress: compress.array,
    lang: lang.array,
  });
  const Constructor = protocol._offer.constructor as new (lists: object) => Offer;
  protocol._offer = new Constructor({
    kex: lists.kex.array,
    serverHostKey: [...TYPES, ...lists.serverHostKey.array],
    cs: arrays(lists.cs),
    sc: arrays(lists.sc),
  });
}

/**
 * Lets ssh2 verify the signature of an exchange of keys with the key inside of a certificate, which it cannot read. What is
 * signed has the whole certificate in it (RFC 4253, section 8), and ssh2 reads that first; then it reads the key, twice. In any
 * other order the signature would not be good, and the host be refused. To be called when ssh2 shows the certificate.
 * @param key the fields of the key, in SSH's binary form
 */
export function showPlainKey(client: Client, certificate: Buffer, key: Buffer): void {
  const exchange = (client as unknown as Internals)._protocol._kex;
  const type = plainKeyType(exchange.negotiated.serverHostKey);
  if (type === undefined || !key.subarray(4).toString("latin1").startsWith(type)) return;
  exchange.negotiated.serverHostKey = type;
  let reads = 0;
  Object.defineProperty(exchange, "_hostKey", {
    get: () => (reads++ === 0 ? certificate : key),
    set: (value: Buffer | undefined) => {
      Object.defineProperty(exchange, "_hostKey", { value, writable: true });
    },
    configurable: true,
  });
}
