import type { AuthContext, PublicKeyAuthContext } from "ssh2";
import type { Logger } from "../../log.js";
import type { Peer } from "../../peer.js";
import type { KeyLookup } from "../keys/key-lookup.js";
import { printable } from "../printable.js";
import { decidePublicKey } from "./public-key.js";

/** How a server lets its peers in. */
export interface AuthenticationSettings {
  readonly lookup: KeyLookup;
  readonly maxAuthTries: number;
  readonly log: Logger;
}

/** The authentication of one connection (RFC 4252): who tries, how often, and who it turns out to be. */
export class Authentication {
  readonly #settings: AuthenticationSettings;
  readonly #address: string;
  readonly #giveUp: (reason: string) => void;
  #peer: Peer | undefined;
  #tries = 0;
  #over = false;

  /** @param giveUp ends the connection, with the reason for the log */
  constructor(settings: AuthenticationSettings, address: string, giveUp: (reason: string) => void) {
    this.#settings = settings;
    this.#address = address;
    this.#giveUp = giveUp;
  }

  /** Who has proven itself; undefined before. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** What the log says of the peer, as far as it is known. */
  get who(): object {
    const { user, fingerprint, keyName, address = this.#address } = this.#peer ?? {};
    return { address, ...(user !== undefined && { user, fingerprint }), ...(keyName !== undefined && { keyName }) };
  }

  /** The connection has ended: nothing is answered any more. */
  end(): void {
    this.#over = true;
  }

  /** Takes one request of the client's. */
  async handle(context: AuthContext): Promise<void> {
    // What was sent ahead is not worth an answer any more.
    if (this.#over) return;
    // Clients begin with "none" to learn the methods: the first one counts as no try (RFC 4252, section 5.2).
    if (context.method === "none" && this.#tries === 0) this.#answer(() => context.reject(["publickey"]));
    else if (context.method === "publickey") await this.#checkKey(context);
    else this.#refuse(context, `the method ${context.method} is not offered`);
  }

  async #checkKey(context: PublicKeyAuthContext): Promise<void> {
    const decision = await decidePublicKey(context, this.#settings.lookup, this.#address);
    if (this.#over) return;
    if (decision.outcome === "refused") {
      this.#refuse(context, decision.reason, decision.key?.fingerprint);
      return;
    }
    if (decision.outcome === "proven") {
      this.#peer = decision.peer;
      this.#settings.log.info({ ...this.who, scopes: decision.peer.scopes }, "authenticated");
    }
    this.#answer(() => context.accept());
  }

  #refuse(context: AuthContext, reason: string, fingerprint?: string): void {
    this.#tries++;
    const fields = { address: this.#address, user: printable(context.username), fingerprint, reason };
    this.#settings.log.info(fields, "authentication refused");
    this.#answer(() => context.reject(["publickey"]));
    if (this.#tries >= this.#settings.maxAuthTries) this.#giveUp(`${this.#tries} failed attempts to authenticate`);
  }

  /** ssh2 throws where the connection ended while the answer was looked for. */
  #answer(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#giveUp((error as Error).message);
    }
  }
}
