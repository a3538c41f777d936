import { printable } from "../../base/printable.js";
import { looksLikeProxyHeader } from "./proxy-header.js";

/** The longest line, with its end (RFC 4253, section 4.2). */
const MAX_LINE = 255;

/**
 * The size of the line by which an SSH client says who it is (RFC 4253, section 4.2), at the beginning of what came;
 * undefined where more has to come.
 * @throws Error that says what came in its place
 */
export function greetingSize(bytes: Buffer): number | undefined {
  const end = bytes.subarray(0, MAX_LINE).indexOf(0x0a);
  const line = bytes.toString("latin1", 0, end === -1 ? MAX_LINE : end + 1);
  const expected = "SSH-";
  if (line.slice(0, expected.length) !== expected.slice(0, line.length)) {
    throw new Error(
      looksLikeProxyHeader(bytes)
        ? "it sends a PROXY protocol header, and is not among proxyProtocol"
        : `it is no SSH client: it says "${printable(line.trimEnd(), 60)}"`,
    );
  }
  if (end === -1) {
    if (bytes.length < MAX_LINE) return undefined;
    throw new Error("its first line has no end");
  }
  if (!/^SSH-(?:2\.0|1\.99)-[^ \r\n]+(?: [^\r\n]*)?\r?\n$/.test(line)) {
    throw new Error(`it speaks no SSH that we do: it says "${printable(line.trimEnd(), 60)}"`);
  }
  return end + 1;
}
