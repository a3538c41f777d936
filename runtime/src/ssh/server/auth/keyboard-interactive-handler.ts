import type { LoginAttempt, LoginGrant } from "./login-attempt.js";

/** One field that a user fills in. */
export interface Prompt {
  readonly text: string;
  /** Whether what they type may be seen. Default: false. */
  readonly echo?: boolean;
}

/** One round of questions (RFC 4256, section 3.2). */
export interface PromptRound {
  readonly title?: string;
  readonly instruction?: string;
  /** At most 16; none makes it a message, which needs no answer. Text alone is a prompt without echo. */
  readonly prompts?: readonly (string | Prompt)[];
}

/**
 * Asks, and gives one answer for each prompt, of at most 1,024 characters each. It rejects when the user has gone, when
 * they answer something else, and when there were too many rounds.
 */
export type PromptUser = (question: PromptRound) => Promise<readonly string[]>;

/**
 * Decides by questions, in as many rounds as it needs (RFC 4256); undefined refuses. It is given the time that is left
 * to log in. A rejection refuses, and is logged.
 */
export type KeyboardInteractiveHandler = (
  attempt: LoginAttempt,
  ask: PromptUser,
) => LoginGrant | undefined | Promise<LoginGrant | undefined>;
