import type { AuthContext, PasswordAuthContext } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import type { AuthenticationRequest, ConnectionEvent } from "../../../base/observer/observer.js";
import type { AuthMethod, Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { requestPasswordChange } from "../../ssh2/auth/server-auth.js";
import type { AuthenticationConfig } from "./authentication-config.js";
import { Authorization } from "./authorization.js";
import {
  type ConnectionControl,
  type ConnectionSource,
  describeFailures,
  describePlaces,
  describeRequests,
  REQUESTS_PER_TRY,
} from "./connection-control.js";
import { decideLogin } from "./decide-login.js";
import type { Decision, DeniedDecision, VerifiedMethod } from "./decision.js";

/** The authentication of one connection (RFC 4252): counts the attempts, and holds the peer once it has succeeded. */
export class Authentication {
  readonly #config: AuthenticationConfig;
  readonly #source: ConnectionSource;
  readonly #control: ConnectionControl;
  #verified: readonly VerifiedMethod[] = [];
  #authorization: Authorization | undefined;
  #requests = 0;
  #failures = 0;
  /** The keys that were offered without a signature, and denied: they tell the client which of its keys to sign with. */
  #deniedOffers = 0;
  /** The failures and denied offers that a failed lookup caused. */
  #undecided = 0;
  #changeRequested = false;
  /** A list has changed during the authentication: the grants are looked up again after it. */
  #reauthorizePending = false;
  #current: AbortController | undefined;
  #ended = false;
  /** Gives the place among the open connections back. */
  #leave: (() => void) | undefined;
  #hasNoPlace = false;

  constructor(config: AuthenticationConfig, source: ConnectionSource, control: ConnectionControl) {
    this.#config = config;
    this.#source = source;
    this.#control = control;
  }

  /** The authenticated peer; undefined before. */
  get peer(): Peer | undefined {
    return this.#authorization?.peer;
  }

  /** The result of the attempts so far; `undecided` where the lookup failed in every one of them, or there was no place. */
  get attempts(): "failed" | "undecided" | "none" {
    if (this.#failures + this.#deniedOffers > this.#undecided) return "failed";
    return this.#undecided > 0 || this.#hasNoPlace ? "undecided" : "none";
  }

  /** The connection of its events. */
  get about(): ConnectionEvent {
    return { ...this.#source, peer: this.peer };
  }

  /** The connection has ended: requests are not answered any more. */
  end(): void {
    this.#ended = true;
    this.#current?.abort(new Error("the connection has ended"));
    this.#authorization?.end();
    this.#leave?.();
  }

  /** Answers one authentication request. */
  async handle(context: AuthContext): Promise<void> {
    // Requests that were pipelined before the success or the end are ignored (RFC 4252, section 5.3).
    if (this.#ended || this.#authorization !== undefined) return;
    this.#requests++;
    this.#abandonCurrent(context);
    if (this.#ended) return;
    const controller = new AbortController();
    this.#current = controller;
    const decision = await decideLogin(context, this.#config, {
      address: this.#source.address,
      offered: this.#offered(),
      changeRequested: this.#changeRequested,
      controller,
    });
    if (this.#ended || this.#current !== controller) return;
    this.#current = undefined;
    this.#carryOut(context, decision);
  }

  /** Looks the grants up again after a list has changed or one has expired. A denial closes the connection; others apply from now on. */
  async reauthorize(): Promise<void> {
    if (this.#authorization === undefined) this.#reauthorizePending = true;
    else await this.#authorization.reauthorize();
  }

  /**
   * A new request abandons the current one (RFC 4256, section 3.1). The abandoned one counts as a failure: otherwise a
   * client that does not wait for the denial could guess without limit.
   */
  #abandonCurrent(context: AuthContext): void {
    if (this.#current === undefined) return;
    const reason = "the client sent another request before the answer";
    this.#current.abort(new Error(reason));
    this.#current = undefined;
    this.#failures++;
    this.#config.observer.authenticationRefused?.({ ...this.#request(context), reason });
    if (this.#failures >= this.#config.maxAuthTries) this.#disconnect(describeFailures(this.#failures));
  }

  #carryOut(context: AuthContext, decision: Decision): void {
    switch (decision.outcome) {
      case "denied":
        this.#deny(context, decision);
        break;
      case "key-acceptable":
        this.#answerUnauthenticated(() => context.accept());
        break;
      case "change-password":
        this.#requestChange(context as PasswordAuthContext, decision.prompt);
        break;
      case "verified":
        this.#accept(context, decision.verified);
    }
  }

  #accept(context: AuthContext, method: VerifiedMethod): void {
    const { methods, allRequired, observer } = this.#config;
    this.#verified = [...this.#verified, method];
    if (allRequired && this.#verified.length < methods.length) {
      observer.partiallyAuthenticated?.(this.#request(context));
      this.#answerUnauthenticated(() => context.reject([...this.#offered()], true));
      return;
    }
    const authorization = this.#authorize(context.username);
    const { peer } = authorization;
    const place = this.#takePlace(authorization);
    if (typeof place !== "function") {
      authorization.end();
      this.#hasNoPlace = true;
      this.#answer(() => context.accept());
      this.#refuse(peer, describePlaces(place));
      return;
    }
    this.#leave = place;
    this.#authorization = authorization;
    observer.authenticated?.({ ...this.about, peer });
    this.#config.unknownScopes?.warn(peer.scopes, this.about, observer);
    this.#answer(() => context.accept());
    // The first of several methods succeeded some time ago, and a list may have changed since.
    if (allRequired || this.#reauthorizePending) void authorization.reauthorize();
  }

  /** What lasts as long as the connection is made apart from the request, which its functions would hold. */
  #authorize(user: string): Authorization {
    const { observer, authTimeout, accounts } = this.#config;
    const authorization: Authorization = new Authorization({
      login: { user, ...this.#source },
      verified: this.#verified,
      algorithms: this.#control.algorithms,
      authTimeout,
      onGrant: ({ limits }) => accounts.of(authorization.peer).key.limit(limits),
      onScopes: () => observer.scopesChanged?.({ ...this.about, peer: authorization.peer }),
      onLookupFailed: (reason) => observer.reauthorizationFailed?.({ ...this.about, reason }),
      onRevoked: (reason) => this.#revoke(reason),
    });
    return authorization;
  }

  #takePlace({ peer, grant: { limits } }: Authorization): ReturnType<AuthenticationConfig["accounts"]["open"]> {
    const { close: end, traffic } = this.#control;
    return this.#config.accounts.open({ peer, limits, end, traffic, evict: (reason) => this.#refuse(peer, reason) });
  }

  #deny(context: AuthContext, { deny: reason, rejectedKey, lookupFailed }: DeniedDecision): void {
    // Clients begin with "none" to learn the methods, which is not a failure (RFC 4252, section 5.2). Ours ends with it, where the
    // server may have anonymous access.
    const isQuery = context.method === "none" && (this.#requests <= 1 || !this.#offered().includes("none"));
    if (!isQuery) {
      // A client asks if a key would do, before it signs with it (RFC 4252, section 7).
      if (context.method === "publickey" && context.signature === undefined) this.#deniedOffers++;
      else this.#failures++;
      if (lookupFailed) this.#undecided++;
    }
    // A failed function `anonymous` is logged at a query, too.
    if (!isQuery || lookupFailed) {
      this.#config.observer.authenticationRefused?.({ ...this.#request(context), rejectedKey, reason });
    }
    this.#answerUnauthenticated(() => context.reject([...this.#offered()]));
  }

  #request({ username, method }: AuthContext): AuthenticationRequest {
    return { ...this.about, user: printable(username), method };
  }

  /** A change request counts as a failure, which bounds the number of them. */
  #requestChange(context: PasswordAuthContext, prompt: string): void {
    this.#failures++;
    this.#changeRequested = true;
    this.#config.observer.passwordChangeRequested?.(this.#request(context));
    this.#answerUnauthenticated(() => requestPasswordChange(context, prompt));
  }

  /** Sends an answer other than success, and disconnects a client that has reached a limit. */
  #answerUnauthenticated(send: () => void): void {
    const { maxAuthTries } = this.#config;
    const isFailing = this.#failures >= maxAuthTries;
    const isLast = isFailing || this.#requests >= maxAuthTries * REQUESTS_PER_TRY;
    // Before the answer: with it, ssh2 delivers the next pipelined request.
    if (isLast) this.#ended = true;
    this.#answer(send);
    if (isFailing) this.#disconnect(describeFailures(this.#failures));
    else if (isLast) this.#disconnect(describeRequests(this.#requests, this.#deniedOffers));
  }

  /** The methods that the client may try next. */
  #offered(): readonly AuthMethod[] {
    const { methods, allRequired } = this.#config;
    return allRequired ? methods.slice(this.#verified.length, this.#verified.length + 1) : methods;
  }

  #revoke(reason: string): void {
    this.#config.observer.accessRevoked?.({ ...this.about, reason });
    this.end();
    this.#control.revoke(reason);
  }

  /** There are too many connections: DISCONNECT has the reason. */
  #refuse(peer: Peer, reason: string): void {
    this.#config.observer.connectionDenied?.({ ...this.about, peer, reason });
    this.end();
    this.#control.refuse(reason);
  }

  #disconnect(reason: string): void {
    this.end();
    this.#control.disconnect(reason);
  }

  /** ssh2 throws where the connection ended before the answer. */
  #answer(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#disconnect(errorMessage(error));
    }
  }
}
