import { printable } from "../../base/printable.js";
import { RpcError } from "../../contract/rpc-error.js";
import { formatTarget, type Target } from "../target.js";
import { loginError } from "./auth/login-error.js";
import type { DialConfig } from "./dial-config.js";
import { type DialFailure, type DialStage, dialError, dialTimeout } from "./dial-error.js";

/** What ssh2 says of a connection; the level is what it has failed at. */
export type Ssh2Error = NodeJS.ErrnoException & { readonly level?: string };

/** Stages only go forward: a later key exchange is not a new beginning. */
const STAGES: readonly DialStage[] = ["connecting", "greeting", "key exchange", "authentication", "channel"];

/** How much of what the other side says first is kept, for messages. */
const HEARD_LIMIT = 256;

/** How far one dial has come, and what it means by that where it fails: every RpcError is UNAVAILABLE or UNAUTHENTICATED. */
export class DialProgress implements DialFailure {
  readonly target: Target;
  readonly #config: DialConfig;
  #stage: DialStage = "connecting";
  #heard = "";
  #error: Ssh2Error | undefined;

  constructor(target: Target, config: DialConfig) {
    this.target = target;
    this.#config = config;
  }

  get stage(): DialStage {
    return this.#stage;
  }

  get heard(): string {
    return this.#heard;
  }

  /** A stage has begun. */
  advance(stage: DialStage): void {
    if (STAGES.indexOf(stage) > STAGES.indexOf(this.#stage)) this.#stage = stage;
  }

  /** Takes what the other side says first; false once there is no need to listen any more. */
  hear(data: Buffer): boolean {
    this.#heard = (this.#heard + data.toString("latin1")).slice(0, HEARD_LIMIT);
    if (/^SSH-/m.test(this.#heard)) this.advance("key exchange");
    return this.#heard.length < HEARD_LIMIT;
  }

  /** Keeps what went wrong: the first error counts. */
  note(error: Ssh2Error): void {
    this.#error ??= error;
  }

  /** Why there is no connection. */
  failure(): RpcError {
    const { verifier, login } = this.#config;
    if (verifier.refusal !== undefined) return verifier.refusal;
    if (this.#stage === "authentication") return loginError(formatTarget(this.target), login, this.#error);
    const { message } = this.#error ?? {};
    // ssh2's words for a connection that just closed say less than the stage does.
    const said = message === "Connection lost before handshake" ? undefined : this.#error;
    return dialError(this, said);
  }

  /** Where the time went, once it is over. */
  timeout(): RpcError {
    return dialTimeout(this, this.#config.countdown.total);
  }

  /** Why a connection that was made is gone. */
  lost(): RpcError {
    const { refusal } = this.#config.verifier;
    if (refusal !== undefined) return refusal;
    const why = this.#error ? `: ${printable(this.#error.message)}` : "";
    return new RpcError("UNAVAILABLE", `the connection to ${formatTarget(this.target)} was lost${why}`, {
      cause: this.#error,
    });
  }
}
