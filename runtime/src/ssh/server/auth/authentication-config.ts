import type { ServerAccount } from "../../../base/accounts/server-account.js";
import type { Observer } from "../../../base/observer/observer.js";
import type { AuthMethod } from "../../../base/peer.js";
import type { UnknownScopes } from "../../keys/lists/unknown-scopes.js";
import type { KeyboardInteractiveHandler } from "./keyboard-interactive-handler.js";
import type { LoginAttempt } from "./login-attempt.js";
import type { LoginGrant } from "./login-grant.js";
import type { PasswordCheck } from "./password-check.js";
import type { PublicKeyConfig } from "./public-key.js";

/** How a server authenticates its peers. Absent methods are not offered. Times are in milliseconds. */
export interface AuthenticationConfig {
  readonly publicKeys?: PublicKeyConfig;
  readonly verifyPassword?: PasswordCheck;
  readonly keyboardInteractive?: KeyboardInteractiveHandler;
  readonly anonymous?: (attempt: LoginAttempt) => LoginGrant | undefined | Promise<LoginGrant | undefined>;
  /** The methods that clients may try; with `allRequired`, in this order. */
  readonly methods: readonly AuthMethod[];
  readonly allRequired: boolean;
  readonly maxAuthTries: number;
  readonly authTimeout: number;
  readonly authFailureDelay: number;
  readonly maxPromptRounds: number;
  /** Finds granted scopes that no method requires; absent where the scopes of the methods are unknown. */
  readonly unknownScopes?: UnknownScopes;
  readonly observer: Observer;
  /** What the keys of the server hold. */
  readonly accounts: ServerAccount;
}
