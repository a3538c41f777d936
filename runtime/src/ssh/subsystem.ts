/** The name of the SSH subsystem of the native wire. */
export const SUBSYSTEM = "sshrpc";

/**
 * The software name in both identification strings (RFC 4253, section 4.2): without a version, which would only help
 * attackers.
 */
export const IDENT = "sshrpc";
