import type { LoginAttempt, LoginGrant } from "./login-attempt.js";

/** Somebody who tries to log in with a password. */
export interface PasswordAttempt extends LoginAttempt {
  /** At most 1,024 characters. */
  readonly password: string;
  /**
   * What they want to have in its place, after a change was asked for: the check stores it, or asks for another one.
   * At most 1,024 characters.
   */
  readonly newPassword?: string;
}

/** Says that a password is right but has expired; the client asks its user for another one with this text. */
export interface PasswordChange {
  readonly changePassword: string;
}

/**
 * Checks a password (RFC 4252, section 8); undefined refuses it. So that the time taken does not tell whether there is
 * such a user, it should hash the password for an unknown one, too. A rejection refuses it, and is logged.
 * @example
 * async ({ user, password, signal }) => {
 *   const { salt, hash, scopes } = users.get(user) ?? nobody;
 *   const given = await promisify(scrypt)(password, salt, 32);
 *   return timingSafeEqual(given, hash) ? { scopes } : undefined;
 * }
 */
export type PasswordCheck = (
  attempt: PasswordAttempt,
) => LoginGrant | PasswordChange | undefined | Promise<LoginGrant | PasswordChange | undefined>;
