import type { PasswordAuthContext } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { checkGrant } from "./check-grant.js";
import { type Decision, refuse } from "./decision.js";
import type { LoginAttempt } from "./login-attempt.js";
import type { PasswordChange, PasswordCheck } from "./password-check.js";

/** A longer password is refused unheard: hashing it would cost too much. In characters. */
const MAX_SECRET = 1024;

/**
 * Decides on one attempt to log in with a password (RFC 4252, section 8); it never rejects.
 * @param changing Whether the client was told to change its password: before that, a new one is refused
 */
export async function decidePassword(
  context: PasswordAuthContext,
  check: PasswordCheck,
  attempt: LoginAttempt,
  changing: boolean,
): Promise<Decision> {
  // ssh2 gives an object where the client sent a new password along, asked or not.
  const given = context.password as string | { readonly oldPassword?: unknown; readonly newPassword?: unknown };
  const [password, newPassword] = typeof given === "string" ? [given] : [given?.oldPassword, given?.newPassword];
  if (!isSecret(password)) return refuse("the password is no text, or too long");
  if (typeof given !== "string") {
    if (!isSecret(newPassword)) return refuse("the new password is no text, or too long");
    if (!changing) return refuse("a new password, without having been asked for one");
  }
  try {
    const answer = await check({ ...attempt, password, ...(isSecret(newPassword) && { newPassword }) });
    if (answer === undefined) return refuse("the password is wrong");
    if (isChange(answer)) return { outcome: "change", prompt: answer.changePassword };
    return { outcome: "proven", proof: { method: "password", grant: checkGrant(answer) } };
  } catch (error) {
    return refuse(`the check of the password failed: ${printable(errorMessage(error))}`);
  }
}

function isChange(answer: object): answer is PasswordChange {
  return typeof (answer as Partial<PasswordChange>).changePassword === "string";
}

/** Whether it is a text that may be checked. */
export function isSecret(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_SECRET;
}

/**
 * Asks the client for a new password, which it sends in a request of its own. ssh2's own `requestChange` keeps the old
 * password of that request from us, loses a request without a new one, and keeps a client waiting that goes on to
 * another method.
 */
export function requestPasswordChange(context: PasswordAuthContext, prompt: string): void {
  const inside = context as unknown as {
    _initialResponse: boolean;
    readonly _protocol: { authPasswdChg(prompt: string): void; readonly _authsQueue: string[] };
  };
  inside._initialResponse = true;
  inside._protocol.authPasswdChg(prompt);
  inside._protocol._authsQueue.shift();
}
