import { errorMessage } from "../../../base/error-message.js";
import { formatHostPort } from "../../../base/net/host-port.js";
import { HOST_KEY_TYPES, type PublicKey, sameKey } from "../../keys/format/public-key.js";
import { addKnownHost } from "../../keys/lists/add-known-host.js";
import { type KnownHost, type KnownHosts, knownHostsName } from "../../keys/lists/known-hosts.js";
import { SshError } from "../../ssh-error.js";
import { checkHostKey, type HostKeyRejection } from "./check-host-key.js";
import type { HostTrust, KnownTrust } from "./host-trust.js";
import type { HostKeyCallback, HostKeyInfo } from "./host-trust-options.js";
import { parseReceivedHostKey, type ReceivedHostKey } from "./received-host-key.js";

/** How many host keys a server may add to known_hosts with one connection. */
export const MAX_LEARNED = 16;

const NO_KNOWN_HOSTS: KnownHosts = {
  files: [],
  known: [],
  revoked: [],
  authorities: [],
  portless: { known: [], revoked: [], authorities: [] },
};

/**
 * Verifies the host keys of one connection. A first key is accepted only where the policy says so. A rekey (RFC 4253, section 9)
 * must use the same host key, and does not ask the user again.
 */
export class HostVerifier {
  readonly #host: string;
  readonly #port: number;
  readonly #pins: readonly string[] | undefined;
  readonly #trust: KnownTrust;
  #accepted: PublicKey | undefined;
  #refusal: SshError | undefined;
  #toAdd: PublicKey | undefined;
  /** Whether the accepted key was added to known_hosts. */
  #added = false;
  #certified: PublicKey | undefined;

  constructor(host: string, port: number, trust: HostTrust) {
    this.#host = host;
    this.#port = port;
    this.#pins = "fingerprints" in trust ? trust.fingerprints : undefined;
    this.#trust = "fingerprints" in trust ? { knownHosts: NO_KNOWN_HOSTS } : trust;
  }

  /** The `unauthenticated` error of a rejected key; undefined otherwise. */
  get refusal(): SshError | undefined {
    return this.#refusal;
  }

  /** The key in the certificate received last; undefined where it was a plain key. */
  get certified(): PublicKey | undefined {
    return this.#certified;
  }

  /** The types of the known host keys: the client prefers these in the key exchange. */
  get knownTypes(): readonly string[] {
    const { known, portless } = this.#trust.knownHosts;
    return (known.length > 0 ? known : portless.known).map(({ key }) => key.type);
  }

  /** Whether the client offers host certificate algorithms: known_hosts has an authority for the host. */
  get wantsCertificate(): boolean {
    const { authorities, portless } = this.#trust.knownHosts;
    return authorities.length > 0 || portless.authorities.length > 0;
  }

  /** Accepts or rejects a host key or certificate in SSH's binary form; asynchronous only where a user decides. */
  verify(blob: Buffer): boolean | Promise<boolean> {
    const received = parseReceivedHostKey(blob);
    this.#certified = received?.certificate?.key;
    if (received === undefined) return this.#reject(`${this.#where} offers a damaged host key`);
    if (this.#accepted !== undefined) return this.#checkRekey(this.#accepted, received);
    if (this.#pins !== undefined) return this.#checkPins(this.#pins, received);
    const rejection = checkHostKey(received, { host: this.#host, port: this.#port }, this.#trust);
    return rejection === undefined ? this.#accept(received) : this.#applyPolicy(received, rejection);
  }

  /**
   * Adds the accepted key to known_hosts, where the policy or the user says so. Call once the host has proven possession of the
   * key. Rejects with `refusal` where the key cannot be added: the next connection would not know it.
   */
  async confirm(): Promise<void> {
    const key = this.#toAdd;
    if (key === undefined) return;
    this.#toAdd = undefined;
    this.#added = true;
    try {
      await this.#add(key);
    } catch (error) {
      this.#reject(errorMessage(error));
      throw this.#refusal;
    }
  }

  /** The keys to add to known_hosts, of those that the host announces; see the option `updateHostKeys`. */
  toLearn(announced: readonly PublicKey[]): readonly PublicKey[] {
    const { knownHosts, learn = false } = this.#trust;
    const { known, revoked, portless } = knownHosts;
    const accepted = this.#accepted;
    const isIn = (list: readonly KnownHost[], key: PublicKey) => list.some((entry) => sameKey(entry.key, key));
    const isListed = accepted !== undefined && (this.#added || isIn(known, accepted));
    if (!learn || !isListed || this.#certified !== undefined) return [];
    const isNew = (key: PublicKey) => HOST_KEY_TYPES.includes(key.type) && !sameKey(key, accepted) && !isIn(known, key);
    const isRevoked = (key: PublicKey) => isIn([...revoked, ...portless.revoked], key);
    return announced.filter((key) => isNew(key) && !isRevoked(key)).slice(0, MAX_LEARNED);
  }

  /** Adds keys to known_hosts, once the host has proven possession of them. */
  async learn(keys: readonly PublicKey[]): Promise<void> {
    for (const key of keys) await this.#add(key);
  }

  async #add(key: PublicKey): Promise<void> {
    const { knownHosts, alias, hashed = false } = this.#trust;
    const name = knownHostsName(this.#host, this.#port, alias);
    await addKnownHost({ name, key, hashed }, knownHosts.files[0] as string);
  }

  #accept({ key }: ReceivedHostKey): true {
    this.#accepted = key;
    return true;
  }

  #reject(message: string): false {
    this.#refusal = new SshError("unauthenticated", message);
    return false;
  }

  #checkRekey(accepted: PublicKey, { key, label }: ReceivedHostKey): boolean {
    if (sameKey(accepted, key)) return true;
    return this.#reject(
      `HOST KEY CHANGED: ${this.#where} offers ${label} in a rekey, not the key of the connection; this can be a man-in-the-middle attack`,
    );
  }

  #checkPins(pins: readonly string[], received: ReceivedHostKey): boolean {
    if (pins.includes(received.key.fingerprint)) return this.#accept(received);
    return this.#reject(
      `host key mismatch: ${this.#where} offers ${received.label}, expected ${pins.join(" or ")}; this can be a man-in-the-middle attack, or the host key has been changed, or the fingerprint is of a key of another type (ssh-ed25519 is preferred)`,
    );
  }

  #applyPolicy(received: ReceivedHostKey, { message, info }: HostKeyRejection): boolean | Promise<boolean> {
    const { policy, accepted } = this.#trust;
    if (info === undefined) return this.#reject(message);
    if (accepted?.has(info.fingerprint)) return this.#accept(received);
    if (typeof policy === "function") return this.#ask(policy, info, received, message);
    if (policy !== "accept-new" || info.reason === "changed") return this.#reject(message);
    return this.#save(received);
  }

  async #ask(decide: HostKeyCallback, info: HostKeyInfo, received: ReceivedHostKey, message: string): Promise<boolean> {
    try {
      const decision = await decide(info);
      if (decision !== true && decision !== "save") return this.#reject(`${message} (rejected by the option hostKey)`);
      this.#trust.accepted?.add(received.key.fingerprint);
      return decision === "save" ? this.#save(received) : this.#accept(received);
    } catch (error) {
      return this.#reject(`the option hostKey failed (${errorMessage(error)}): ${message}`);
    }
  }

  #save(received: ReceivedHostKey): boolean {
    const { files } = this.#trust.knownHosts;
    if (files.length === 0) {
      return this.#reject(`cannot save ${received.label} of ${this.#where}: the option knownHosts names no file`);
    }
    this.#toAdd = received.key;
    return this.#accept(received);
  }

  get #where(): string {
    return formatHostPort(this.#host, this.#port);
  }
}
