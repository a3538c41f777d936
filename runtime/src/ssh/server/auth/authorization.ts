import { withSignal } from "../../../base/async/with-signal.js";
import { errorMessage } from "../../../base/error-message.js";
import type { Peer, SshAlgorithms } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import type { Denial, VerifiedMethod } from "./decision.js";
import { commonGrant, type LoginGrant } from "./login-grant.js";

interface AuthorizationConfig {
  /** The user name and the source of the connection. */
  readonly login: Pick<Peer, "user" | "address" | "connectionId">;
  /** The methods that the peer has logged in with. */
  readonly verified: readonly VerifiedMethod[];
  /** What the connection has negotiated. */
  readonly algorithms: () => SshAlgorithms | undefined;
  /** Timeout of a lookup, in ms. */
  readonly authTimeout: number;
  /** The grants were looked up again. */
  readonly onGrant: (grant: LoginGrant) => void;
  /** The peer has other scopes now. */
  readonly onScopes: () => void;
  /** A lookup failed: the peer keeps its grant. */
  readonly onLookupFailed: (reason: string) => void;
  /** The peer has lost its access. */
  readonly onRevoked: (reason: string) => void;
}

/** The longest wait before the clock is read again, in ms: it may be set meanwhile, or the machine may sleep. */
export const MAX_WAIT = 60_000;

/** What an authenticated peer may do, while its connection lasts. */
export class Authorization {
  /** The peer; its scopes and permissions are the current ones each time they are read. */
  readonly peer: Peer;
  readonly #config: AuthorizationConfig;
  #grants: readonly LoginGrant[];
  #grant: LoginGrant;
  #expiry: NodeJS.Timeout | undefined;
  #reauthorizing: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(config: AuthorizationConfig) {
    this.#config = config;
    this.#grants = config.verified.map(({ grant }) => grant);
    this.#grant = commonGrant(this.#grants);
    this.peer = this.#describePeer();
    this.#scheduleExpiry();
  }

  /** What it may do now. */
  get grant(): LoginGrant {
    return this.#grant;
  }

  /**
   * Looks the grants up again after a list has changed or a grant has expired. A denial revokes the access; other grants
   * apply from now on. It never rejects.
   */
  reauthorize(): Promise<void> {
    // A lookup that is already running may have read the old list.
    this.#reauthorizing = this.#reauthorizing.then(() => this.#reauthorize());
    return this.#reauthorizing;
  }

  /** Stops the expiry timer: the connection has ended. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#expiry);
  }

  #describePeer(): Peer {
    const { login, verified, algorithms } = this.#config;
    const { user, ...connection } = login;
    const current = (): LoginGrant => this.#grant;
    const { keyName, environment } = current();
    const fingerprint = verified.find((method) => method.fingerprint)?.fingerprint;
    const certificate = verified.find((method) => method.certificate)?.certificate;
    return {
      user,
      get principal() {
        return current().principal;
      },
      ...(fingerprint !== undefined && { fingerprint }),
      ...(keyName !== undefined && { keyName }),
      ...(certificate && { certificate }),
      authMethods: verified.map(({ method }) => method),
      get scopes() {
        return current().scopes;
      },
      get permissions() {
        return current().permissions;
      },
      ...(environment && { environment }),
      ...connection,
      get algorithms() {
        return algorithms();
      },
    };
  }

  async #reauthorize(): Promise<void> {
    if (this.#ended) return;
    const results = await Promise.all(
      this.#config.verified.map((method, index) => this.#lookUp(method, this.#grants[index] as LoginGrant)),
    );
    if (this.#ended) return;
    const denial = results.find((result): result is Denial => "deny" in result);
    if (denial !== undefined) {
      this.#config.onRevoked(denial.deny);
      return;
    }
    const before = this.#grant.scopes;
    this.#grants = results as LoginGrant[];
    this.#grant = commonGrant(this.#grants);
    this.#config.onGrant(this.#grant);
    const { expires = Number.POSITIVE_INFINITY, scopes } = this.#grant;
    if (expires <= Date.now()) this.#config.onRevoked("the credential has expired");
    else if (scopes.join() !== before.join()) this.#config.onScopes();
    this.#scheduleExpiry();
  }

  /** The current grant of a method; where the lookup fails, the one before. */
  async #lookUp(method: VerifiedMethod, before: LoginGrant): Promise<Denial | LoginGrant> {
    if (method.reauthorize === undefined) return before;
    const { authTimeout, onLookupFailed } = this.#config;
    const result = await withSignal(method.reauthorize, AbortSignal.timeout(authTimeout)).catch((error: unknown) => ({
      deny: printable(errorMessage(error)),
      lookupFailed: true as const,
    }));
    if (!("deny" in result) || result.lookupFailed === undefined) return result;
    onLookupFailed(result.deny);
    return before;
  }

  #scheduleExpiry(): void {
    clearTimeout(this.#expiry);
    const { expires } = this.#grant;
    if (expires === undefined || this.#ended) return;
    const wait = Math.min(Math.max(expires - Date.now(), 1), MAX_WAIT);
    this.#expiry = setTimeout(() => {
      if (Date.now() < expires) this.#scheduleExpiry();
      else void this.reauthorize();
    }, wait).unref();
  }
}
