import { printable } from "../../../base/printable.js";
import { HYBRID_KEX, SSH2_KEX } from "../../algorithms.js";
import { BinaryReader } from "../../keys/format/binary-reader.js";
import { string } from "../../keys/format/binary-writer.js";
import { loadedMlKem } from "../../ml-kem/load-ml-kem.js";
import type { MlKem } from "../../ml-kem/ml-kem.js";
import { KEXINIT, type Protocol } from "../internals.js";
import { changeOffer } from "./change-offer.js";
import { type CurveExchange, makeHybrid } from "./hybrid-exchange.js";

/** The exchange of ssh2 that carries the hybrid one. */
const CARRIER = "curve25519-sha256";

/** Names in the list of key exchanges that are extensions (RFC 8308, section 2.1; PROTOCOL of OpenSSH, section 1.9). */
const EXTENSION = /^(?:ext-info-|kex-strict-)/;

/** The error of ssh2 for offers without a common name (protocol/kex.js:268). */
const MISMATCH = /no matching key exchange algorithm$/;

/** How many characters of an offer an error shows. */
const MAX_SHOWN = 400;

type Names = readonly string[];

/** Bytes before the lists of KEXINIT: its type and its cookie (RFC 4253, section 7.1). */
const HEADER = 17;

/** The lists of KEXINIT, the first of which has the key exchanges. */
const LISTS = 10;

/** A KEXINIT of the peer. */
interface KexInit {
  readonly kex: Names;
  readonly hostKeys: Names;
  /** Whether a packet of the key exchange that the peer expects follows. */
  readonly hasGuess: boolean;
  /** What follows the list of key exchanges. */
  readonly rest: Buffer;
}

/**
 * Offers these key exchanges, also mlkem768x25519-sha256, which ssh2 does not have, in the order of preference. ssh2 has one list
 * for what it sends and what it negotiates (protocol/kex.js:217); where the hybrid exchange is the negotiated one, ssh2 sees the
 * peer's KEXINIT with its own curve25519 exchange instead, which {@link makeHybrid} then changes. The exchange hash has the
 * KEXINIT as it was sent. It also corrects what ssh2 takes for a wrong guess (kex.js:261). Works on either side; called before the
 * first exchange, and before all other patches of `_onPayload`. test/unit/runtime/ssh/ssh2/kex notices a change.
 * @param names without the hybrid exchange where ML-KEM is not loaded
 */
export function offerKex(protocol: Protocol, names: Names): void {
  const kem = loadedMlKem();
  const offered = kem === undefined ? names.filter((name) => name !== HYBRID_KEX) : names;
  // Names that others have added remain.
  const isOwn = (name: string): boolean => (SSH2_KEX as readonly string[]).includes(name);
  changeOffer(protocol, { kex: (before) => [...offered, ...before.filter((name) => !isOwn(name))] });
  onKexInit(protocol, (payload, receive) => {
    const theirs = readKexInit(payload);
    if (theirs === undefined) return receive(payload);
    const { kex, serverHostKey } = protocol._offer.lists;
    const [client, server] = protocol._server ? [theirs.kex, kex.array] : [kex.array, theirs.kex];
    const common = client.find((name) => server.includes(name));
    if (common === undefined) describeMismatch(protocol, { theirs: theirs.kex, ours: kex.array });
    const isHybrid = common === HYBRID_KEX;
    const isGuessed = theirs.kex[0] === kex.array[0] && theirs.hostKeys[0] === serverHostKey.array[0];
    const result =
      kem !== undefined && isHybrid ? receiveHybrid(protocol, { payload, theirs, kem, receive }) : receive(payload);
    protocol._skipNextInboundPacket = theirs.hasGuess && !isGuessed;
    return result;
  });
}

type Receive = (payload: Buffer) => unknown;

/** Passes each KEXINIT of the peer to `handle`, with the function of ssh2 that receives it. */
function onKexInit(protocol: Protocol, handle: (payload: Buffer, receive: Receive) => unknown): void {
  const wrap = (receiver: { _onPayload: Receive }): void => {
    const receive = receiver._onPayload;
    receiver._onPayload = (payload) => (payload[0] === KEXINIT ? handle(payload, receive) : receive(payload));
  };
  wrap(protocol);
  // The packets of the first exchange go to its decipher alone, which ssh2 creates when it has the identification string of the peer.
  if (protocol._decipher !== undefined) wrap(protocol._decipher);
  else {
    const { _onHeader } = protocol;
    protocol._onHeader = (header) => {
      wrap(protocol._decipher);
      _onHeader(header);
    };
  }
}

/** Undefined where it is malformed, which ssh2 reports. */
function readKexInit(payload: Buffer): KexInit | undefined {
  const reader = new BinaryReader(payload.subarray(HEADER));
  const names = (): Names => reader.string().toString("latin1").split(",");
  try {
    const kex = names();
    const rest = payload.subarray(HEADER + reader.position);
    const hostKeys = names();
    for (let list = 2; list < LISTS; list++) reader.string();
    return { kex, hostKeys, hasGuess: reader.byte() === 1, rest };
  } catch {
    return undefined;
  }
}

/** Adds both offers to the error of the negotiation that will fail; that of the peer first, because logs cut long texts. */
function describeMismatch(protocol: Protocol, offers: { readonly theirs: Names; readonly ours: Names }): void {
  const { _onError } = protocol;
  const [peer, self] = protocol._server ? ["client", "server"] : ["server", "client"];
  const list = (names: Names): string =>
    printable(names.filter((name) => !EXTENSION.test(name)).join(", "), MAX_SHOWN) || "none";
  protocol._onError = (error) => {
    if (MISMATCH.test(error.message)) {
      error.message += `: the ${peer} offers ${list(offers.theirs)}; the ${self} offers ${list(offers.ours)}`;
    }
    _onError(error);
  };
}

/** A KEXINIT of the peer with which the hybrid exchange is negotiated. */
interface HybridInit {
  readonly payload: Buffer;
  readonly theirs: KexInit;
  readonly kem: MlKem;
  readonly receive: Receive;
}

function receiveHybrid(protocol: Protocol, { payload, theirs, kem, receive }: HybridInit): unknown {
  const { kex } = protocol._offer.lists;
  const ours = kex.array;
  const seen = string([CARRIER, ...theirs.kex.filter((name) => EXTENSION.test(name))].join(","));
  const debug = protocol._debug;
  const lists = new Map([
    ["(local) KEX method", ours.join(",")],
    ["(remote) KEX method", theirs.kex.join(",")],
    ["KEX algorithm", HYBRID_KEX],
  ]);
  const before = protocol._kex;
  let isHybrid = false;
  /** ssh2 stores the exchange that it creates (protocol/kex.js:509). A setter for the field would make the protocol slow for good. */
  const change = (): void => {
    const exchange = protocol._kex as CurveExchange | undefined;
    if (isHybrid || exchange === undefined || exchange === before) return;
    isHybrid = true;
    // A copy: the packet is a part of a chunk, whose memory may not last.
    exchange._remoteKexinit = Buffer.from(payload);
    makeHybrid(exchange, kem, protocol._server ? "server" : "client");
  };
  // For the negotiation alone: what ssh2 sends was encoded before.
  kex.array = [CARRIER];
  // A client sends its value at once, but has a debug line before (protocol/kex.js:1007).
  protocol._debug = (line) => {
    change();
    debug?.(
      line.replace(/^(Handshake: )(.*?)(: .*)$/, (all, start, what) => {
        const names = lists.get(what);
        return names === undefined ? all : `${start}${what}: ${names}`;
      }),
    );
  };
  try {
    const result = receive(Buffer.concat([payload.subarray(0, HEADER), seen, theirs.rest]));
    change();
    return result;
  } finally {
    kex.array = ours;
    protocol._debug = debug;
  }
}
