import type { Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { commonGrant } from "./common-grant.js";
import type { Proof, Withdrawal } from "./decision.js";
import type { LoginGrant } from "./login-attempt.js";
import { withTimeout } from "./with-timeout.js";

/** What becomes of what a peer was granted. Reasons are for the log alone. */
export interface AccessConfig {
  /** Milliseconds in which an answer must be found. */
  readonly authTimeout: number;
  /** The peer holds other scopes now. */
  readonly changed: (scopes: readonly string[]) => void;
  /** What it may do now could not be found out: it keeps what it has. */
  readonly unknown: (reason: string) => void;
  /** It is not let in any more. */
  readonly withdraw: (reason: string) => void;
}

/** Milliseconds after which the clock is asked again: it may have been set, or the machine have slept. */
const MAX_WAIT = 60_000;

/** What a peer has by its proofs, for as long as its connection lasts. */
export class Access {
  /** The peer; what it holds is looked up each time that it is asked for. */
  readonly peer: Peer;
  readonly #proofs: readonly Proof[];
  readonly #config: AccessConfig;
  #grants: readonly LoginGrant[];
  #granted: LoginGrant;
  #expiry: NodeJS.Timeout | undefined;
  #rechecking: Promise<void> = Promise.resolve();
  #over = false;

  /** @param who as logged in, and from where */
  constructor(who: Pick<Peer, "user" | "address" | "connectionId">, proofs: readonly Proof[], config: AccessConfig) {
    this.#proofs = proofs;
    this.#config = config;
    this.#grants = proofs.map(({ grant }) => grant);
    this.#granted = commonGrant(this.#grants);
    this.peer = this.#describe(who);
    this.#awaitExpiry();
  }

  /**
   * Looks up again what was proven, because the lists may have changed, or something has expired. Where it counts no
   * more, the access is withdrawn; where it grants something else, the peer holds that from now on. It never rejects.
   */
  recheck(): Promise<void> {
    // One that runs already may have asked before the change.
    this.#rechecking = this.#rechecking.then(() => this.#recheck());
    return this.#rechecking;
  }

  /** The connection has ended. */
  end(): void {
    this.#over = true;
    clearTimeout(this.#expiry);
  }

  #describe({ user, ...connection }: Pick<Peer, "user" | "address" | "connectionId">): Peer {
    const granted = (): LoginGrant => this.#granted;
    const { keyName, environment } = granted();
    const fingerprint = this.#proofs.find((proof) => proof.fingerprint)?.fingerprint;
    const certificate = this.#proofs.find((proof) => proof.certificate)?.certificate;
    return {
      user,
      ...(fingerprint !== undefined && { fingerprint }),
      ...(keyName !== undefined && { keyName }),
      ...(certificate && { certificate }),
      authMethods: this.#proofs.map(({ method }) => method),
      get scopes() {
        return granted().scopes;
      },
      get permissions() {
        return granted().permissions;
      },
      ...(environment && { environment }),
      ...connection,
    };
  }

  async #recheck(): Promise<void> {
    if (this.#over) return;
    const results = await Promise.all(
      this.#proofs.map((proof, at) => this.#again(proof, this.#grants[at] as LoginGrant)),
    );
    if (this.#over) return;
    const grants = results.filter((result) => !("deny" in result)) as LoginGrant[];
    const refusal = results.find((result): result is Withdrawal => "deny" in result);
    if (refusal !== undefined) {
      this.#config.withdraw(refusal.deny);
      return;
    }
    const before = this.#granted.scopes;
    this.#grants = grants;
    this.#granted = commonGrant(grants);
    const { expires = Number.POSITIVE_INFINITY, scopes } = this.#granted;
    if (expires <= Date.now()) this.#config.withdraw("what it logged in with has expired");
    else if (scopes.join() !== before.join()) this.#config.changed(scopes);
    this.#awaitExpiry();
  }

  /** What a proof gets now; what it got before, where that cannot be told. */
  async #again(proof: Proof, before: LoginGrant): Promise<Withdrawal | LoginGrant> {
    if (proof.again === undefined) return before;
    const { authTimeout, unknown } = this.#config;
    const result = await withTimeout(AbortSignal.timeout(authTimeout), proof.again).catch((error: unknown) => ({
      deny: printable(String(error)),
      unknown: true as const,
    }));
    if (!("deny" in result) || result.unknown === undefined) return result;
    unknown(result.deny);
    return before;
  }

  #awaitExpiry(): void {
    clearTimeout(this.#expiry);
    const { expires } = this.#granted;
    if (expires === undefined || this.#over) return;
    const wait = Math.min(Math.max(expires - Date.now(), 1), MAX_WAIT);
    this.#expiry = setTimeout(() => {
      if (Date.now() < expires) this.#awaitExpiry();
      else void this.recheck();
    }, wait).unref();
  }
}
