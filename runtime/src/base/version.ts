/**
 * The version of this package, as in package.json; a test compares them. A constant, because a bundle has no package.json beside
 * it, and Node 20 prints a warning for each import of JSON.
 */
export const VERSION = "0.1.0";

/** The name of this program in HELLO. */
export const AGENT = `sshrpc/${VERSION}`;
