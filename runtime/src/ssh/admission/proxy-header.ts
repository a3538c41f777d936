import { isIPv4, isIPv6 } from "node:net";
import { readPort } from "../../base/net/host-port.js";
import { formatAddress } from "../../base/net/network.js";

/** A PROXY protocol header. */
interface ProxyHeader {
  /** The proxy's client; undefined for a connection of the proxy itself (`LOCAL`) or an unknown client. */
  readonly client: { readonly address: string; readonly port: number } | undefined;
  /** The size of the header in bytes. */
  readonly size: number;
}

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const PREFIX = Buffer.from("PROXY ", "latin1");

/** The longest line of version 1, with its end. */
const MAX_HEADER = 107;

/** Bytes of version 2 after the fixed 16: addresses and extensions (TLVs). */
const MAX_REST = 2048;

/**
 * Reads a header of the PROXY protocol, version 1 or 2 (HAProxy's proxy-protocol.txt), at the beginning of `bytes`;
 * undefined while it is incomplete. The parsers on npm reject an incomplete header, and accept any text as an address.
 * @throws Error with the fault
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < 16 ? undefined : binaryHeader(bytes);
  if (startsLike(bytes, PREFIX)) return textHeader(bytes);
  throw new Error("PROXY protocol header missing");
}

/** Whether all bytes match the beginning of a PROXY protocol header. */
export function looksLikeProxyHeader(bytes: Buffer): boolean {
  return bytes.length >= PREFIX.length && (startsLike(bytes, PREFIX) || startsLike(bytes, SIGNATURE));
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function textHeader(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, MAX_HEADER).indexOf("\r\n");
  if (end === -1) {
    if (bytes.length < MAX_HEADER) return undefined;
    throw new Error(`PROXY protocol header without an end of line in ${MAX_HEADER} bytes`);
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
  if (versionAndCommand >> 4 !== 2) throw new Error("unknown version of the PROXY protocol header");
  const command = versionAndCommand & 0xf;
  if (command > 1) throw new Error("unknown command in the PROXY protocol header");
  if (rest > MAX_REST) throw new Error(`PROXY protocol header of ${rest} bytes exceeds the limit of ${MAX_REST} bytes`);
  const size = 16 + rest;
  if (bytes.length < size) return undefined;
  // LOCAL: a health check of the proxy itself.
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
      throw new Error("PROXY protocol header for a transport other than TCP");
  }
  throw new Error("PROXY protocol header too short for its addresses");
}
