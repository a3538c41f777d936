import type { PasswordAuthContext } from "ssh2";
import { fieldProblem, type OptionTable } from "../../../base/check-options.js";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { type Decision, deny } from "./decision.js";
import type { LoginAttempt } from "./login-attempt.js";
import { checkGrant } from "./login-grant.js";
import type { PasswordChange, PasswordCheck } from "./password-check.js";

/** The longest password or answer, in characters: hashing a longer one would cost too much. */
export const MAX_SECRET = 1024;

/** The field of a {@link PasswordChange}. */
const CHANGE = { changePassword: true } satisfies OptionTable<PasswordChange>;

interface PasswordState {
  readonly attempt: LoginAttempt;
  /** Whether the server has requested a password change; a new password that comes before is denied. */
  readonly changeRequested: boolean;
}

/** Decides on one attempt to log in with a password (RFC 4252, section 8); it never rejects. */
export async function decidePassword(
  context: PasswordAuthContext,
  check: PasswordCheck,
  { attempt, changeRequested }: PasswordState,
): Promise<Decision> {
  // ssh2 passes an object if the client also sends a new password, requested or not.
  const given = context.password as string | { readonly oldPassword?: unknown; readonly newPassword?: unknown };
  const [password, newPassword] = typeof given === "string" ? [given] : [given?.oldPassword, given?.newPassword];
  if (!isSecret(password)) return deny(`invalid password: not text, or over ${MAX_SECRET} characters`);
  if (typeof given !== "string") {
    if (!isSecret(newPassword)) return deny(`invalid new password: not text, or over ${MAX_SECRET} characters`);
    if (!changeRequested) return deny("unexpected new password: no change was requested");
  }
  try {
    const answer = await check({ ...attempt, password, ...(isSecret(newPassword) && { newPassword }) });
    if (answer === undefined) return deny("wrong password");
    if (isChange(answer)) {
      const problem = fieldProblem(answer, CHANGE);
      if (problem !== undefined) throw new Error(problem);
      return { outcome: "change-password", prompt: answer.changePassword };
    }
    return {
      outcome: "verified",
      verified: { method: "password", grant: { principal: attempt.user, ...checkGrant(answer, CHANGE) } },
    };
  } catch (error) {
    return deny(`password check failed: ${printable(errorMessage(error))}`);
  }
}

function isChange(answer: object): answer is PasswordChange {
  return typeof (answer as Partial<PasswordChange>).changePassword === "string";
}

/** Whether a value is a text short enough to be checked. */
export function isSecret(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_SECRET;
}
