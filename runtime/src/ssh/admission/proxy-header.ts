import { isIPv4, isIPv6 } from "node:net";
import { readPort } from "../../base/host-port.js";
import { formatAddress } from "../../base/network.js";

/** What a PROXY protocol header says. */
export interface ProxyHeader {
  /** Who connected to the proxy; undefined where the proxy speaks for itself (`LOCAL`) or does not know. */
  readonly client: { readonly address: string; readonly port: number } | undefined;
  /** The bytes that the header takes. */
  readonly size: number;
}

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const PREFIX = Buffer.from("PROXY ", "latin1");

/** The longest line of version 1, with its end. */
const MAX_LINE = 107;

/** Of version 2, beside the fixed 16 bytes: addresses, and what proxies like to add. */
const MAX_REST = 2048;

/**
 * Reads a header of the PROXY protocol, version 1 or 2 (HAProxy's proxy-protocol.txt), from the beginning of what came;
 * undefined where more has to come. The parsers on npm take one that is cut for a broken one, and addresses for any text.
 * @throws Error that says what is wrong
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < 16 ? undefined : binaryHeader(bytes);
  if (startsLike(bytes, PREFIX)) return textHeader(bytes);
  throw new Error("it does not begin with a PROXY protocol header");
}

/** Whether bytes are the beginning of a PROXY protocol header, as far as they go. */
export function looksLikeProxyHeader(bytes: Buffer): boolean {
  return bytes.length >= PREFIX.length && (startsLike(bytes, PREFIX) || startsLike(bytes, SIGNATURE));
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function textHeader(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, MAX_LINE).indexOf("\r\n");
  if (end === -1) {
    if (bytes.length < MAX_LINE) return undefined;
    throw new Error("the line of its PROXY protocol header has no end");
  }
  const line = bytes.toString("latin1", 0, end);
  const size = end + 2;
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { client: undefined, size };
  const [, family, address = "", to = "", portText] =
    /^PROXY (TCP4|TCP6) ([\d.:a-fA-F]+) ([\d.:a-fA-F]+) (\d{1,5}) \d{1,5}$/.exec(line) ?? [];
  const isAddress = family === "TCP4" ? isIPv4 : isIPv6;
  const port = readPort(portText);
  if (!isAddress(address) || !isAddress(to) || port === undefined) {
    throw new Error("malformed PROXY protocol header");
  }
  return { client: { address, port }, size };
}

function binaryHeader(bytes: Buffer): ProxyHeader | undefined {
  const [versionAndCommand = 0, familyAndProtocol = 0] = bytes.subarray(12);
  const rest = bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2) throw new Error("its PROXY protocol header has an unknown version");
  const command = versionAndCommand & 0xf;
  if (command > 1) throw new Error("its PROXY protocol header has an unknown command");
  if (rest > MAX_REST) throw new Error(`its PROXY protocol header has more than ${MAX_REST} bytes`);
  const size = 16 + rest;
  if (bytes.length < size) return undefined;
  // LOCAL: the proxy itself looks whether somebody is here.
  if (command === 0) return { client: undefined, size };
  switch (familyAndProtocol) {
    case 0x11:
      if (rest < 12) break;
      return { client: { address: formatAddress(bytes.subarray(16, 20)), port: bytes.readUInt16BE(24) }, size };
    case 0x21:
      if (rest < 36) break;
      return { client: { address: formatAddress(bytes.subarray(16, 32)), port: bytes.readUInt16BE(48) }, size };
    case 0x00:
      return { client: undefined, size };
    default:
      throw new Error("its PROXY protocol header is about something else than TCP");
  }
  throw new Error("its PROXY protocol header is too short for its addresses");
}
