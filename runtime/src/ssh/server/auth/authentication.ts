import type { AuthContext, AuthenticationType, PasswordAuthContext } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import type { AuthMethod, Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { Access } from "./access.js";
import type { AuthenticationConfig } from "./authentication-config.js";
import { decideLogin } from "./decide-login.js";
import type { Decision, Proof, Refused } from "./decision.js";
import { requestPasswordChange } from "./password.js";

/** How an authentication ends its connection; each with the reason for the log. */
export interface AuthenticationEndings {
  /** Says goodbye first. */
  readonly giveUp: (reason: string) => void;
  /** Cuts it off: nothing more is heard of the peer. */
  readonly abort: (reason: string) => void;
}

/** A client may offer many keys that would do; this many times `maxAuthTries` requests are enough for any. */
const REQUESTS_PER_TRY = 10;

/** The authentication of one connection (RFC 4252): who tries, how often, and who it turns out to be. */
export class Authentication {
  readonly #config: AuthenticationConfig;
  readonly #address: string;
  readonly #endings: AuthenticationEndings;
  #proofs: readonly Proof[] = [];
  #access: Access | undefined;
  #requests = 0;
  #tries = 0;
  /** Those of the tries that nobody could decide on: a look-up failed. */
  #undecided = 0;
  #changing = false;
  /** Whether lists changed before there was anything to look up again. */
  #isOutdated = false;
  #current: AbortController | undefined;
  #over = false;

  constructor(config: AuthenticationConfig, address: string, endings: AuthenticationEndings) {
    this.#config = config;
    this.#address = address;
    this.#endings = endings;
  }

  /** Who has proven itself; undefined before. */
  get peer(): Peer | undefined {
    return this.#access?.peer;
  }

  /** What became of the attempts so far; `undecided` where nobody could say whether any of them was good. */
  get attempts(): "failed" | "undecided" | "none" {
    if (this.#tries > this.#undecided) return "failed";
    return this.#undecided > 0 ? "undecided" : "none";
  }

  /** What the log says of the peer, as far as it is known. */
  get who(): object {
    const { user, fingerprint, keyName, certificate, address = this.#address } = this.peer ?? {};
    return {
      address,
      ...(user !== undefined && { user }),
      ...(fingerprint !== undefined && { fingerprint }),
      ...(keyName !== undefined && { keyName }),
      ...(certificate && { keyId: certificate.keyId, serial: certificate.serial }),
    };
  }

  /** The connection has ended: nothing is answered any more. */
  end(): void {
    this.#over = true;
    this.#current?.abort(new Error("the connection has ended"));
    this.#access?.end();
  }

  /** Takes one request of the client's. */
  async handle(context: AuthContext): Promise<void> {
    // What was sent ahead is not worth an answer any more.
    if (this.#over || this.#access !== undefined) return;
    this.#requests++;
    this.#abandon(context);
    if (this.#over) return;
    const controller = new AbortController();
    this.#current = controller;
    const decision = await decideLogin(context, this.#config, {
      address: this.#address,
      offered: this.#offered(),
      changing: this.#changing,
      controller,
    });
    if (this.#over || this.#current !== controller) return;
    this.#current = undefined;
    this.#carryOut(context, decision);
  }

  /**
   * Looks up again what was proven, because the lists may have changed, or something has expired. Where it counts no
   * more, the connection is cut off; where it grants something else, the peer holds that from now on.
   */
  recheck(): Promise<void> {
    if (this.#access !== undefined) return this.#access.recheck();
    this.#isOutdated = true;
    return Promise.resolve();
  }

  /**
   * Who begins anew gives up what it was asked before (RFC 4256, section 3.1). That counts as a try, or guesses would be
   * free for those who do not wait for the refusal.
   */
  #abandon(context: AuthContext): void {
    if (this.#current === undefined) return;
    const reason = "the client began anew";
    this.#current.abort(new Error(reason));
    this.#current = undefined;
    this.#tries++;
    this.#config.log.info({ ...this.#describe(context), reason }, "authentication refused");
    if (this.#tries >= this.#config.maxAuthTries) this.#giveUp(this.#failures());
  }

  #carryOut(context: AuthContext, decision: Decision): void {
    switch (decision.outcome) {
      case "refused":
        this.#refuse(context, decision);
        break;
      case "would do":
        this.#answerStranger(() => context.accept());
        break;
      case "change":
        this.#requestChange(context as PasswordAuthContext, decision.prompt);
        break;
      case "proven":
        this.#accept(context, decision.proof);
    }
  }

  #accept(context: AuthContext, proof: Proof): void {
    const { methods, allRequired, log, connectionId } = this.#config;
    this.#proofs = [...this.#proofs, proof];
    if (allRequired && this.#proofs.length < methods.length) {
      log.info(this.#describe(context), "authenticated in part");
      this.#answerStranger(() => context.reject(this.#methods(), true));
      return;
    }
    const who = { user: context.username, address: this.#address, ...(connectionId !== undefined && { connectionId }) };
    const access = new Access(who, this.#proofs, {
      authTimeout: this.#config.authTimeout,
      changed: (scopes) => log.info({ ...this.who, scopes }, "scopes changed"),
      unknown: (reason) => log.warn({ ...this.who, reason }, "what a peer may do could not be looked up again"),
      withdraw: (reason) => this.#withdraw(reason),
    });
    this.#access = access;
    const { authMethods, scopes } = access.peer;
    log.info({ ...this.who, method: authMethods?.join(","), scopes }, "authenticated");
    this.#config.unknownScopes?.warn(scopes, this.who, log);
    this.#answer(() => context.accept());
    // Time has passed since the first of several proofs; and what was looked up may have changed meanwhile.
    if (allRequired || this.#isOutdated) void access.recheck();
  }

  #refuse(context: AuthContext, { reason, about, unknown }: Refused): void {
    // Clients begin with "none" to learn the methods: that is no try (RFC 4252, section 5.2).
    if (context.method !== "none" || this.#requests > 1) {
      this.#tries++;
      if (unknown) this.#undecided++;
      this.#config.log.info({ ...this.#describe(context), ...about, reason }, "authentication refused");
    }
    this.#answerStranger(() => context.reject(this.#methods()));
  }

  #describe({ username, method }: AuthContext): object {
    return { address: this.#address, user: printable(username), method };
  }

  #failures(): string {
    return `${this.#tries} failed attempts to authenticate`;
  }

  /** It counts as a try, so that nobody asks for ever. */
  #requestChange(context: PasswordAuthContext, prompt: string): void {
    this.#tries++;
    this.#changing = true;
    this.#config.log.info(this.#describe(context), "a new password is asked for");
    this.#answerStranger(() => requestPasswordChange(context, prompt));
  }

  /** Answers somebody who has not logged in by that, and sends them away if they have tried too often. */
  #answerStranger(send: () => void): void {
    const { maxAuthTries } = this.#config;
    const isFailing = this.#tries >= maxAuthTries;
    const isLast = isFailing || this.#requests >= maxAuthTries * REQUESTS_PER_TRY;
    // Before the answer, with which ssh2 brings up the next request that was sent ahead.
    if (isLast) this.#over = true;
    this.#answer(send);
    if (isLast) this.#giveUp(isFailing ? this.#failures() : "too many attempts to authenticate");
  }

  /** What is still to be proven, or may be. */
  #offered(): readonly AuthMethod[] {
    const { methods, allRequired } = this.#config;
    return allRequired ? methods.slice(this.#proofs.length, this.#proofs.length + 1) : methods;
  }

  #methods(): AuthenticationType[] {
    return [...this.#offered()];
  }

  #withdraw(reason: string): void {
    this.#config.log.info({ ...this.who, reason }, "access withdrawn");
    this.end();
    this.#endings.abort(`access withdrawn: ${reason}`);
  }

  #giveUp(reason: string): void {
    this.end();
    this.#endings.giveUp(reason);
  }

  /** ssh2 throws where the connection ended while the answer was looked for. */
  #answer(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#giveUp(errorMessage(error));
    }
  }
}
