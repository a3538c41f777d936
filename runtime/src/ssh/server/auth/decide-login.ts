import { setTimeout as delay } from "node:timers/promises";
import type { AuthContext } from "ssh2";
import { withSignal } from "../../../base/async/with-signal.js";
import { errorMessage } from "../../../base/error-message.js";
import type { AuthMethod } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { isUserName } from "../../keys/format/user-name.js";
import type { AuthenticationConfig } from "./authentication-config.js";
import { type Decision, deny, denyUndecided } from "./decision.js";
import { decideKeyboardInteractive } from "./keyboard-interactive.js";
import { checkGrant } from "./login-grant.js";
import { decidePassword } from "./password.js";
import { decidePublicKey } from "./public-key.js";

/** The state of the connection that a request arrives on. */
interface LoginState {
  /** The source of the connection. */
  readonly address: string;
  /** The methods that the client may try now. */
  readonly offered: readonly AuthMethod[];
  /** Whether the server has requested a password change. */
  readonly changeRequested: boolean;
  /** Aborts when the connection ends or another request replaces this one; `decideLogin` aborts it at the timeout. */
  readonly controller: AbortController;
}

/**
 * Decides on one authentication request of any method; it never rejects. Wrong guesses are denied after `authFailureDelay`,
 * which limits their rate and hides how long the check took.
 */
export async function decideLogin(
  context: AuthContext,
  config: AuthenticationConfig,
  state: LoginState,
): Promise<Decision> {
  const { authTimeout, authFailureDelay } = config;
  const { controller } = state;
  const { signal } = controller;
  const isGuess = context.method === "password" || context.method === "keyboard-interactive";
  const failureDelay = isGuess ? delay(authFailureDelay, undefined, { signal, ref: false }) : undefined;
  failureDelay?.catch(() => {});
  const expire = (): void => controller.abort(new Error(`no answer within ${authTimeout} ms (authTimeout)`));
  // Users take their time over prompts: `loginGrace` is their limit.
  const timer = context.method === "keyboard-interactive" ? undefined : setTimeout(expire, authTimeout);
  const decision = await withSignal(() => decide(context, config, state), signal).catch((error: unknown) =>
    denyUndecided(printable(errorMessage(error))),
  );
  clearTimeout(timer);
  if (decision.outcome === "denied") await failureDelay?.catch(() => {});
  return decision;
}

async function decide(
  context: AuthContext,
  { publicKeys, verifyPassword, keyboardInteractive, anonymous, maxPromptRounds }: AuthenticationConfig,
  { address, offered, changeRequested, controller: { signal } }: LoginState,
): Promise<Decision> {
  const { method, username: user } = context;
  if (!isUserName(user)) return deny("invalid user name");
  if (!offered.some((name) => name === method)) return deny(`the method ${method} is not offered`);
  const attempt = { user, address, signal };
  switch (context.method) {
    case "publickey":
      if (publicKeys) return decidePublicKey(context, publicKeys, { user, address });
      break;
    case "password":
      if (verifyPassword) return decidePassword(context, verifyPassword, { attempt, changeRequested });
      break;
    case "keyboard-interactive":
      if (keyboardInteractive) return decideKeyboardInteractive(context, keyboardInteractive, attempt, maxPromptRounds);
      break;
    case "none": {
      const grant = await anonymous?.(attempt);
      if (grant) return { outcome: "verified", verified: { method: "none", grant: checkGrant(grant) } };
    }
  }
  return deny(`the method ${method} grants nothing`);
}
