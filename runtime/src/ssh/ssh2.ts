import type ssh2 from "ssh2";

/** The library's exports. */
export type Ssh2 = typeof ssh2;

/**
 * Loads ssh2 where it is first needed: that takes some 50 ms, which a program that imports the client and calls nothing
 * need not pay.
 */
export async function loadSsh2(): Promise<Ssh2> {
  return (await import("ssh2")).default;
}
