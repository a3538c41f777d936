import type { LoginAttempt } from "./login-attempt.js";
import type { LoginGrant } from "./login-grant.js";

/** An attempt to log in with a password. */
export interface PasswordAttempt extends LoginAttempt {
  /** At most 1,024 characters. */
  readonly password: string;
  /**
   * The new password, after a change was requested: the check stores it, or requests another one. At most 1,024
   * characters.
   */
  readonly newPassword?: string;
}

/** The password is correct and has expired: the client prompts its user for a new one with this text. */
export interface PasswordChange {
  readonly changePassword: string;
}

/**
 * Checks a password (RFC 4252, section 8); undefined denies the login. Hash the password for an unknown user, too, so that
 * the response time does not reveal which users exist. A rejection denies the login and is logged.
 * @example
 * async ({ user, password, signal }) => {
 *   const { salt, hash, scopes } = users.get(user) ?? unknownUser;
 *   const given = await promisify(scrypt)(password, salt, 32);
 *   return timingSafeEqual(given, hash) ? { scopes } : undefined;
 * }
 */
export type PasswordCheck = (
  attempt: PasswordAttempt,
) => LoginGrant | PasswordChange | undefined | Promise<LoginGrant | PasswordChange | undefined>;
