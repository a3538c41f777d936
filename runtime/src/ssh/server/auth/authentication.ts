import type { AuthContext, PasswordAuthContext } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import type { AuthenticationRequest, ConnectionEvent } from "../../../base/observer/observer.js";
import type { AuthMethod, Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { requestPasswordChange } from "../../ssh2/auth/server-auth.js";
import type { AuthenticationConfig } from "./authentication-config.js";
import { Authorization } from "./authorization.js";
import { type ConnectionControl, describePlaces, describeRequests } from "./connection-control.js";
import { decideLogin } from "./decide-login.js";
import type { Decision, DeniedDecision, VerifiedMethod } from "./decision.js";

/** Offered keys are not failures; `maxAuthTries` times this is the limit of requests. */
export const REQUESTS_PER_TRY = 10;

/** The authentication of one connection (RFC 4252): counts the attempts, and holds the peer once it has succeeded. */
export class Authentication {
  readonly #config: AuthenticationConfig;
  readonly #address: string;
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

  constructor(config: AuthenticationConfig, address: string, control: ConnectionControl) {
    this.#config = config;
    this.#address = address;
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
    return { connectionId: this.#config.connectionId, address: this.#address, peer: this.peer };
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
      address: this.#address,
      offered: this.#offered(),
      changeRequested: this.#changeRequested,
      controller,
    });
    if (this.#ended || this.#current !== controller) return;
    this.#current = undefined;
    this.#carryOut(context, decision);
  }

  /** Looks the grants up again after a list has changed or one has expired. A denial closes the connection; others apply from now on. */
  reauthorize(): Promise<void> {
    if (this.#authorization !== undefined) return this.#authorization.reauthorize();
    this.#reauthorizePending = true;
    return Promise.resolve();
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
    if (this.#failures >= this.#config.maxAuthTries) this.#disconnect(this.#failureText());
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
    const { methods, allRequired, observer, connectionId, authTimeout, accounts } = this.#config;
    this.#verified = [...this.#verified, method];
    if (allRequired && this.#verified.length < methods.length) {
      observer.partiallyAuthenticated?.(this.#request(context));
      this.#answerUnauthenticated(() => context.reject([...this.#offered()], true));
      return;
    }
    const connection = { address: this.#address, ...(connectionId !== undefined && { connectionId }) };
    const authorization: Authorization = new Authorization({
      login: { user: context.username, ...connection },
      verified: this.#verified,
      algorithms: this.#control.algorithms,
      authTimeout,
      onGrant: ({ limits }) => accounts.of(authorization.peer).key.limit(limits),
      onScopes: () => observer.scopesChanged?.({ ...this.about, peer: authorization.peer }),
      onLookupFailed: (reason) => observer.reauthorizationFailed?.({ ...this.about, reason }),
      onRevoked: (reason) => this.#revoke(reason),
    });
    const { peer, grant } = authorization;
    const place = accounts.open({
      ...{ peer, limits: grant.limits, end: this.#control.close, traffic: this.#control.traffic },
      evict: (reason) => this.#refuse(peer, reason),
    });
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

  #deny(context: AuthContext, { deny: reason, rejectedKey, lookupFailed }: DeniedDecision): void {
    // Clients begin with "none" to learn the methods, which is not a failure (RFC 4252, section 5.2). Ours ends with it, where the
    // server may have anonymous access.
    const isQuery = context.method === "none" && (this.#requests <= 1 || !this.#offered().includes("none"));
    if (!isQuery) {
      if (isOffer(context)) this.#deniedOffers++;
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

  #failureText(): string {
    return `${this.#failures} failed authentication attempts`;
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
    if (isLast)
      this.#disconnect(isFailing ? this.#failureText() : describeRequests(this.#requests, this.#deniedOffers));
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

/** Whether a client asks if a key would do, before it signs with it (RFC 4252, section 7). */
function isOffer(context: AuthContext): boolean {
  return context.method === "publickey" && context.signature === undefined;
}
