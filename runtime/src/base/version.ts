/**
 * The version of this package. It is a constant, because a bundle has no package.json, and Node 20 prints a warning for each
 * import of JSON; a test compares it with package.json.
 */
export const VERSION = "0.1.0";

/** The name of this program in HELLO. */
export const AGENT = `sshrpc/${VERSION}`;
