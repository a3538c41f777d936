import { printable } from "../../base/printable.js";
import { looksLikeProxyHeader } from "./proxy-header.js";

/** The longest line, with its end (RFC 4253, section 4.2). */
const MAX_IDENTIFICATION = 255;

/**
 * The size of the identification string of an SSH client (RFC 4253, section 4.2) at the beginning of `bytes`; undefined
 * while it is incomplete.
 * @throws Error that quotes what was received in its place
 */
export function identificationSize(bytes: Buffer): number | undefined {
  const end = bytes.subarray(0, MAX_IDENTIFICATION).indexOf(0x0a);
  const line = bytes.toString("latin1", 0, end === -1 ? MAX_IDENTIFICATION : end + 1);
  const expected = "SSH-";
  if (line.slice(0, expected.length) !== expected.slice(0, line.length)) {
    throw new Error(
      looksLikeProxyHeader(bytes)
        ? "PROXY protocol header from a source that proxyProtocol does not list"
        : `not an SSH client: received "${printable(line.trimEnd(), 60)}"`,
    );
  }
  if (end === -1) {
    if (bytes.length < MAX_IDENTIFICATION) return undefined;
    throw new Error(`identification string without an end of line in ${MAX_IDENTIFICATION} bytes`);
  }
  if (!/^SSH-(?:2\.0|1\.99)-[^ \r\n]+(?: [^\r\n]*)?\r?\n$/.test(line)) {
    throw new Error(`unsupported identification string: received "${printable(line.trimEnd(), 60)}"`);
  }
  return end + 1;
}
