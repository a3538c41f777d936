import type { AuthMethod } from "../../../base/peer.js";
import type { KeyLookup, KeySource } from "../../keys/lists/key-lookup.js";
import type { KeyboardInteractiveHandler } from "./keyboard-interactive-handler.js";
import type { LoginAttempt } from "./login-attempt.js";
import type { LoginGrant } from "./login-grant.js";
import type { PasswordCheck } from "./password-check.js";

/**
 * How a server authenticates its peers. At least one method is required. A denied client does not learn the reason; the
 * log has it. Functions are called for every attempt; an exception denies the attempt and is logged.
 */
export interface AuthOptions {
  /**
   * The keys that may log in: authorized_keys files, which are reloaded when they change; or lines of that format; or a
   * function that decides. Files and lines accept a key under any user name: the key is the identity. A function is also
   * called with the user name, and may require a match.
   */
  readonly authorizedKeys?: string | readonly string[] | { readonly lines: readonly string[] } | KeyLookup;
  /**
   * The authorities whose user certificates (`ssh-keygen -s`) are accepted, beside the `cert-authority` lines of
   * authorized_keys: files or lines of public keys, with the same options before a key, such as `principals` and `scopes`;
   * or a function. A certificate must list the user name, or one of the authority's `principals`, as a principal.
   */
  readonly certificateAuthorities?:
    | string
    | readonly string[]
    | { readonly lines: readonly string[] }
    | KeySource["authorities"];
  /**
   * Files of revoked keys, certificates and authorities, as RevokedKeys of sshd_config(5): one public key per line, or a KRL
   * that `ssh-keygen -k` writes. While a file cannot be read, every login with a key is denied.
   */
  readonly revokedKeys?: string | readonly string[];
  /** Checks passwords. Default: password authentication is off. */
  readonly verifyPassword?: PasswordCheck;
  /** Handles keyboard-interactive. Default: prompts for the password if `verifyPassword` is set; false turns it off. */
  readonly keyboardInteractive?: KeyboardInteractiveHandler | false;
  /**
   * The grant of peers that authenticate with the method `none`, or a function that returns it: for services open to every
   * client that reaches them. Most clients try `none` first, also those that have a key, and log in anonymously then; a
   * function can limit it to some user names. Default: off.
   */
  readonly anonymous?:
    | LoginGrant
    | ((attempt: LoginAttempt) => LoginGrant | undefined | Promise<LoginGrant | undefined>);
  /**
   * Methods that must all succeed, in this order, such as `["publickey", "password"]` (AuthenticationMethods of
   * sshd_config(5)); the peer then has the scopes that every one of them grants. Default: any one is enough.
   */
  readonly requiredMethods?: readonly AuthMethod[];
  /** The number of failed attempts on one connection, of all methods together, before it is closed. Default: 6. */
  readonly maxAuthTries?: number;
  /** Timeout of one attempt in ms; it does not limit prompts. Default: 10,000. */
  readonly authTimeout?: number;
  /** Delay in ms before a wrong password or answer is denied, which slows down guessing. Default: 300. */
  readonly authFailureDelay?: number;
  /** The number of prompt rounds in one attempt. Default: 10. */
  readonly maxPromptRounds?: number;
}
