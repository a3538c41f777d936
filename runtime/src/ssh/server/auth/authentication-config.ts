import type { Logger } from "../../../base/log.js";
import type { AuthMethod } from "../../../base/peer.js";
import type { UnknownScopes } from "../../keys/lists/unknown-scopes.js";
import type { KeyboardInteractiveHandler } from "./keyboard-interactive-handler.js";
import type { LoginAttempt, LoginGrant } from "./login-attempt.js";
import type { PasswordCheck } from "./password-check.js";
import type { PublicKeyConfig } from "./public-key.js";

/** How a server lets its peers in. What is absent is not offered. Times are in milliseconds. */
export interface AuthenticationConfig {
  readonly publicKeys?: PublicKeyConfig;
  readonly verifyPassword?: PasswordCheck;
  readonly questioning?: KeyboardInteractiveHandler;
  readonly anonymous?: (attempt: LoginAttempt) => LoginGrant | undefined | Promise<LoginGrant | undefined>;
  /** What a client is told that it may try; where all are required, they are so in this order. */
  readonly methods: readonly AuthMethod[];
  readonly allRequired: boolean;
  readonly maxAuthTries: number;
  readonly authTimeout: number;
  readonly authFailureDelay: number;
  readonly maxPromptRounds: number;
  /** Finds grants of what no method asks for; absent where that is not known. */
  readonly unknownScopes?: UnknownScopes;
  readonly log: Logger;
  /** What the log calls the connection. */
  readonly connectionId?: string;
}
