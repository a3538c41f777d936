/** The name of the subsystem by which clients ask for sshrpc. */
export const SUBSYSTEM = "sshrpc";

/** What both sides call their software (RFC 4253, section 4.2): without a version, which only helps attackers. */
export const IDENT = "sshrpc";
