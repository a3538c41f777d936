import { setTimeout as delay } from "node:timers/promises";
import type { AuthContext } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import type { AuthMethod } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import type { AuthenticationConfig } from "./authentication-config.js";
import { checkGrant } from "./check-grant.js";
import { cannotSay, type Decision, refuse } from "./decision.js";
import { decideKeyboardInteractive } from "./keyboard-interactive.js";
import { decidePassword } from "./password.js";
import { decidePublicKey } from "./public-key.js";
import { withTimeout } from "./with-timeout.js";

/** What a request meets that wants to be let in. */
export interface LoginState {
  /** Where the connection came from. */
  readonly address: string;
  /** The methods that may be tried now. */
  readonly offered: readonly AuthMethod[];
  /** Whether the client was told to change its password. */
  readonly changing: boolean;
  /** Aborts when the answer is not waited for any more; aborted here, when the time for it is up. */
  readonly controller: AbortController;
}

/**
 * Decides on one request to be let in, by whatever method; it never rejects. Guesses are refused after `authFailureDelay`,
 * so that neither their number nor the time that a check took is the guesser's to choose.
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
  const refusable = isGuess ? delay(authFailureDelay, undefined, { signal, ref: false }) : undefined;
  refusable?.catch(() => {});
  const late = (): void => controller.abort(new Error(`no answer within ${authTimeout} ms (authTimeout)`));
  // People take their time over questions: the time to log in is their limit.
  const timer = context.method === "keyboard-interactive" ? undefined : setTimeout(late, authTimeout);
  const decision = await withTimeout(signal, () => decide(context, config, state)).catch((error: unknown) =>
    cannotSay(printable(errorMessage(error))),
  );
  clearTimeout(timer);
  if (decision.outcome === "refused") await refusable?.catch(() => {});
  return decision;
}

async function decide(
  context: AuthContext,
  { publicKeys, verifyPassword, questioning, anonymous, maxPromptRounds }: AuthenticationConfig,
  { address, offered, changing, controller: { signal } }: LoginState,
): Promise<Decision> {
  const { method, username: user } = context;
  if (!/^\P{C}{1,256}$/u.test(user)) return refuse("the user name is not one");
  if (!offered.some((name) => name === method)) return refuse(`the method ${method} is not offered`);
  const attempt = { user, address, signal };
  switch (context.method) {
    case "publickey":
      if (publicKeys) return decidePublicKey(context, publicKeys, { user, address });
      break;
    case "password":
      if (verifyPassword) return decidePassword(context, verifyPassword, attempt, changing);
      break;
    case "keyboard-interactive":
      if (questioning) return decideKeyboardInteractive(context, questioning, attempt, maxPromptRounds);
      break;
    case "none": {
      const grant = await anonymous?.(attempt);
      if (grant) return { outcome: "proven", proof: { method: "none", grant: checkGrant(grant) } };
    }
  }
  return refuse(`the method ${method} lets nobody in`);
}
