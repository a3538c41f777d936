import { errorMessage } from "../../../base/error-message.js";
import { formatHostPort } from "../../../base/host-port.js";
import { RpcError } from "../../../contract/rpc-error.js";
import { type PublicKey, sameKey } from "../../keys/format/public-key.js";
import { addKnownHost } from "../../keys/lists/add-known-host.js";
import { type KnownHosts, knownHostsName } from "../../keys/lists/known-hosts.js";
import { type HostKeyObjection, objectionToHostKey } from "./host-key-objection.js";
import type { HostTrust, KnownTrust } from "./host-trust.js";
import type { HostKeyDecision, HostKeyQuestion } from "./host-trust-options.js";
import { type PresentedKey, presentedKey } from "./presented-key.js";

const NOTHING: KnownHosts = {
  files: [],
  known: [],
  revoked: [],
  authorities: [],
  portless: { known: [], revoked: [], authorities: [] },
};

/**
 * Decides on the host keys that one connection presents. Nothing is trusted at first sight, unless the policy says so. A
 * connection that changes its keys (RFC 4253, section 9) must present the same host key again, and nobody is asked twice.
 */
export class HostVerifier {
  readonly #host: string;
  readonly #port: number;
  readonly #pins: readonly string[] | undefined;
  readonly #known: KnownTrust;
  #accepted: PublicKey | undefined;
  #refusal: RpcError | undefined;
  #toAdd: PublicKey | undefined;
  #certified: PublicKey | undefined;

  constructor(host: string, port: number, trust: HostTrust) {
    this.#host = host;
    this.#port = port;
    this.#pins = "fingerprints" in trust ? trust.fingerprints : undefined;
    this.#known = "fingerprints" in trust ? { knownHosts: NOTHING } : trust;
  }

  /** Why the key was refused: an RpcError `UNAUTHENTICATED`; undefined while none was. */
  get refusal(): RpcError | undefined {
    return this.#refusal;
  }

  /** The key in the certificate that was presented last; undefined where it was no certificate. */
  get certified(): PublicKey | undefined {
    return this.#certified;
  }

  /** Types of the host keys that are known: the host should present one of these. */
  get knownTypes(): readonly string[] {
    const { known, portless } = this.#known.knownHosts;
    return (known.length > 0 ? known : portless.known).map(({ key }) => key.type);
  }

  /** Whether the host is asked for a certificate: an authority for it is known. */
  get wantsCertificate(): boolean {
    const { authorities, portless } = this.#known.knownHosts;
    return authorities.length > 0 || portless.authorities.length > 0;
  }

  /** Whether the host may go on with this key or certificate, in SSH's binary form; a promise only where somebody is asked. */
  verify(blob: Buffer): boolean | Promise<boolean> {
    const presented = presentedKey(blob);
    this.#certified = presented?.certificate?.key;
    if (presented === undefined) return this.#refuse(`${this.#where} presents a host key that is damaged`);
    if (this.#accepted !== undefined) return this.#checkAgain(this.#accepted, presented);
    if (this.#pins !== undefined) return this.#checkPins(this.#pins, presented);
    const objection = objectionToHostKey(presented, this.#host, this.#port, this.#known);
    return objection === undefined ? this.#accept(presented) : this.#resolve(presented, objection);
  }

  /**
   * To be called once the host has proven that it has the key, before anything else is told: adds the key to known_hosts,
   * where that was decided. Rejects with `refusal` where it cannot: the next connection would know nothing of it.
   */
  async confirm(): Promise<void> {
    const key = this.#toAdd;
    if (key === undefined) return;
    const { knownHosts, alias, hashed } = this.#known;
    this.#toAdd = undefined;
    try {
      const name = knownHostsName(this.#host, this.#port, alias);
      await addKnownHost(name, key, knownHosts.files[0] as string, hashed ?? false);
    } catch (error) {
      this.#refuse(errorMessage(error));
      throw this.#refusal;
    }
  }

  #accept({ key }: PresentedKey): true {
    this.#accepted = key;
    return true;
  }

  #refuse(message: string): false {
    this.#refusal = new RpcError("UNAUTHENTICATED", message);
    return false;
  }

  #checkAgain(accepted: PublicKey, { key, label }: PresentedKey): boolean {
    if (sameKey(accepted, key)) return true;
    return this.#refuse(
      `${this.#where} presented another host key (${label}) in the middle of the connection: somebody may be listening in`,
    );
  }

  #checkPins(pins: readonly string[], presented: PresentedKey): boolean {
    if (pins.includes(presented.key.fingerprint)) return this.#accept(presented);
    return this.#refuse(
      `host key mismatch: ${this.#where} offers ${presented.label}, expected ${pins.join(" or ")}; somebody may be listening in, or the key was just changed, or that is the fingerprint of a key of another type: ssh-ed25519 is asked for first`,
    );
  }

  #resolve(presented: PresentedKey, { message, question }: HostKeyObjection): boolean | Promise<boolean> {
    const { policy, accepted } = this.#known;
    if (question === undefined) return this.#refuse(message);
    if (accepted?.has(question.fingerprint)) return this.#accept(presented);
    if (typeof policy === "function") return this.#ask(policy, question, presented, message);
    if (policy !== "accept-new" || question.reason === "changed") return this.#refuse(message);
    return this.#save(presented);
  }

  async #ask(
    decide: HostKeyDecision,
    question: HostKeyQuestion,
    presented: PresentedKey,
    message: string,
  ): Promise<boolean> {
    try {
      const decision = await decide(question);
      if (decision !== true && decision !== "save") return this.#refuse(`${message} (refused by the option hostKey)`);
      this.#known.accepted?.add(presented.key.fingerprint);
      return decision === "save" ? this.#save(presented) : this.#accept(presented);
    } catch (error) {
      return this.#refuse(`the option hostKey failed (${errorMessage(error)}): ${message}`);
    }
  }

  #save(presented: PresentedKey): boolean {
    const { files } = this.#known.knownHosts;
    if (files.length === 0) {
      return this.#refuse(`knownHosts names no file to add ${presented.label} of ${this.#where} to`);
    }
    this.#toAdd = presented.key;
    return this.#accept(presented);
  }

  get #where(): string {
    return formatHostPort(this.#host, this.#port);
  }
}
