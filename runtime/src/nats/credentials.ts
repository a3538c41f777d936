import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Authenticator } from "@nats-io/transport-node";
import { checkFileName } from "../base/printable.js";

type Nats = typeof import("@nats-io/transport-node");

/** How a program proves to NATS who it is; empty texts are none. */
export interface NatsCredentials {
  /** A `.creds` file, or one with the seed of an nkey. */
  readonly file?: string;
  /** A user; without a password, a token. */
  readonly user: string;
  readonly password: string;
}

/**
 * The authenticator of a connection; undefined without credentials.
 * @throws Error where the file cannot be read or has no credentials
 */
export async function credentials(
  nats: Nats,
  { file, user, password }: NatsCredentials,
): Promise<Authenticator | undefined> {
  if (file !== undefined) {
    checkFileName(file, "credentials");
    let last = answerer(nats, file, await readFile(file, "utf8"));
    return (nonce) => {
      try {
        last = answerer(nats, file, readFileSync(file, "utf8"));
      } catch {} // A file that is being replaced: the last one may still do.
      return last(nonce);
    };
  }
  if (user === "") return undefined;
  return password === "" ? nats.tokenAuthenticator(user) : nats.usernamePasswordAuthenticator(user, password);
}

function answerer(nats: Nats, file: string, text: string): Authenticator {
  if (text.includes("BEGIN NATS USER JWT")) return nats.credsAuthenticator(Buffer.from(text));
  const seed = /^SU[A-Z2-7]{56}$/m.exec(text)?.[0];
  if (seed !== undefined) return nats.nkeyAuthenticator(Buffer.from(seed));
  throw new Error(`credentials ${file}: neither a .creds file of NATS nor the seed of a user's nkey (SU…)`);
}
