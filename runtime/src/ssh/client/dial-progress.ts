import { printable } from "../../base/printable.js";
import { SshError } from "../ssh-error.js";
import { formatTarget, type Target } from "../target.js";
import type { Login } from "./auth/login.js";
import { loginError } from "./auth/login-error.js";
import type { DialConfig } from "./dial-config.js";
import { type DialFailure, type DialStage, dialError, dialTimeout } from "./dial-error.js";

/** An error of ssh2; the level is the part of ssh2 that failed. */
export type Ssh2Error = NodeJS.ErrnoException & { readonly level?: string };

/** In order. A rekey does not return to an earlier stage. */
const STAGES: readonly DialStage[] = ["connecting", "greeting", "key exchange", "authentication", "channel"];

/** Characters of the server's first output that are kept for messages. */
const RECEIVED_LIMIT = 256;

/** Tracks one connection attempt, and builds the error of its failure: `unavailable` or `unauthenticated`. */
export class DialProgress implements DialFailure {
  readonly target: Target;
  readonly #config: DialConfig;
  readonly #login: Login;
  #stage: DialStage = "connecting";
  #received = "";
  #error: Ssh2Error | undefined;

  constructor(target: Target, config: DialConfig, login: Login) {
    this.target = target;
    this.#config = config;
    this.#login = login;
  }

  get stage(): DialStage {
    return this.#stage;
  }

  get received(): string {
    return this.#received;
  }

  /** Moves on to a later stage. */
  advance(stage: DialStage): void {
    if (STAGES.indexOf(stage) > STAGES.indexOf(this.#stage)) this.#stage = stage;
  }

  /** Keeps the server's first output. Returns false once it has enough. */
  receive(data: Buffer): boolean {
    this.#received = (this.#received + data.toString("latin1")).slice(0, RECEIVED_LIMIT);
    if (/^SSH-/m.test(this.#received)) this.advance("key exchange");
    return this.#received.length < RECEIVED_LIMIT;
  }

  /** Keeps the first error of the connection. */
  addError(error: Ssh2Error): void {
    this.#error ??= error;
  }

  /** The error of an attempt that failed. */
  failure(): SshError {
    const { verifier } = this.#config;
    if (verifier.refusal !== undefined) return verifier.refusal;
    // The stream below the connection failed, such as a ProxyCommand.
    if (this.#error instanceof SshError) return this.#error;
    if (this.#stage === "authentication") return loginError(formatTarget(this.target), this.#login, this.#error);
    const { message } = this.#error ?? {};
    // The error is about the stream's own address, not about that of the target.
    if (this.#config.carrier !== undefined && this.#stage === "connecting" && message !== undefined) {
      return new SshError("unavailable", `the stream to ${formatTarget(this.target)} failed: ${printable(message)}`, {
        cause: this.#error,
      });
    }
    // ssh2's text for a closed connection says less than the stage does.
    return dialError(this, message === "Connection lost before handshake" ? undefined : this.#error);
  }

  /** The error of an attempt that exceeded the connect timeout. */
  timeout(): SshError {
    return dialTimeout(this, this.#config.timer.total);
  }

  /** The error of an open connection that was lost. */
  lost(): SshError {
    const { refusal } = this.#config.verifier;
    if (refusal !== undefined) return refusal;
    const why = this.#error ? `: ${printable(this.#error.message)}` : "";
    return new SshError("unavailable", `the connection to ${formatTarget(this.target)} was lost${why}`, {
      cause: this.#error,
    });
  }
}
