import type { AuthMethod } from "../../../base/peer.js";
import type { KeyLookup, KeySource } from "../../keys/lists/key-lookup.js";
import type { KeyboardInteractiveHandler } from "./keyboard-interactive-handler.js";
import type { LoginAttempt, LoginGrant } from "./login-attempt.js";
import type { PasswordCheck } from "./password-check.js";

/**
 * Whom a server lets in, and how they prove who they are. At least one way is needed. Who is refused is told nothing of
 * why; the log says it. Functions are asked as often as somebody tries; what they throw refuses, and is logged.
 */
export interface AuthOptions {
  /**
   * Who may log in with a key: files in the format of authorized_keys, which are read again when they change; or lines
   * of that format; or a function that decides. Files and lines let a key in under any user name: what is proven is the
   * key. A function is given the user name, too, and may ask that it fits.
   */
  readonly authorizedKeys?: string | readonly string[] | { readonly lines: readonly string[] } | KeyLookup;
  /**
   * Whose certificates let users in (`ssh-keygen -s`), where authorized_keys does not say it with `cert-authority`: files
   * or lines of public keys, each with options before it as there, such as `principals` and `scopes`; or a function.
   * A certificate must name the user that logs in among its principals, or one of those that `principals` lists.
   */
  readonly certificateAuthorities?:
    | string
    | readonly string[]
    | { readonly lines: readonly string[] }
    | KeySource["authorities"];
  /**
   * Files of keys, certificates and authorities that count no more, as RevokedKeys of sshd_config(5) has them: a public
   * key a line, or what `ssh-keygen -k` writes. A file that cannot be read lets nobody in who comes with a key.
   */
  readonly revokedKeys?: string | readonly string[];
  /** Checks passwords. Default: none are taken. */
  readonly verifyPassword?: PasswordCheck;
  /** Asks questions. Default: asks for the password, where `passwords` is given; false for not at all. */
  readonly keyboardInteractive?: KeyboardInteractiveHandler | false;
  /**
   * What everybody gets who asks to be let in without any proof, or a function that says it: for services that are open
   * to all who reach them. Most clients ask for that first, also those that have a key, and then log in without it; a
   * function may let nobody but some user names in so. Default: nobody is.
   */
  readonly anonymous?:
    | LoginGrant
    | ((attempt: LoginAttempt) => LoginGrant | undefined | Promise<LoginGrant | undefined>);
  /**
   * Methods that must all succeed, one after the other, such as `["publickey", "password"]`; a peer then holds the
   * scopes that each of them grants. Default: any one is enough.
   */
  readonly requiredMethods?: readonly AuthMethod[];
  /** How many attempts to log in may fail on one connection, of all methods together. Default: 6. */
  readonly maxAuthTries?: number;
  /** Milliseconds in which the answer to one attempt must be found, but for questions. Default: 10,000. */
  readonly authTimeout?: number;
  /** Milliseconds after which a wrong password or answer is refused: a guess costs as much. Default: 300. */
  readonly authFailureDelay?: number;
  /** How many rounds of questions one attempt may have. Default: 10. */
  readonly maxPromptRounds?: number;
}
