/**
 * The version of this package. It is a constant, because a bundle has no package.json, and Node 20 prints a warning for each
 * import of JSON; a test compares it with package.json.
 */
export const VERSION = "0.1.0";

/** The name of the SSH subsystem of the native wire. */
export const SUBSYSTEM = "sshrpc";

/**
 * The software name in the SSH identification strings (RFC 4253, section 4.2): without a version, which would only help
 * attackers.
 */
export const IDENT = "sshrpc";

/** The name of this program in HELLO. */
export const AGENT = `sshrpc/${VERSION}`;
