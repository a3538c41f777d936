import type { LoginAttempt } from "./login-attempt.js";
import type { LoginGrant } from "./login-grant.js";

/** One field that a user fills in. */
export interface Prompt {
  readonly text: string;
  /** Whether the client shows what the user types. Default: false. */
  readonly echo?: boolean;
}

/** One round of prompts (RFC 4256, section 3.2). */
export interface PromptRound {
  readonly title?: string;
  readonly instruction?: string;
  /** At most 16; an empty list makes the round a message without answers. A string is a prompt without echo. */
  readonly prompts?: readonly (string | Prompt)[];
}

/**
 * Sends one round of prompts, and resolves with one answer for each, of at most 1,024 characters. It rejects when the
 * client disconnects, sends a malformed answer, or has had `maxPromptRounds` rounds.
 */
export type PromptUser = (round: PromptRound) => Promise<readonly string[]>;

/**
 * Authenticates by prompts, in as many rounds as it needs (RFC 4256); undefined denies the login. `loginGrace` limits its
 * time. A rejection denies the login and is logged.
 */
export type KeyboardInteractiveHandler = (
  attempt: LoginAttempt,
  prompt: PromptUser,
) => LoginGrant | undefined | Promise<LoginGrant | undefined>;
