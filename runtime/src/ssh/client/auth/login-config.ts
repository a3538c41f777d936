import type { Offers } from "./gather-offers.js";
import type { Account, LoginOptions } from "./login-options.js";

/** The account and credentials of a login. */
export interface LoginConfig {
  readonly account: Account;
  readonly options: Pick<LoginOptions, "password" | "newPassword" | "prompts">;
  readonly offers: Offers;
  /** Waits for a promise that may need a user, with the connect timeout paused. */
  readonly pauseFor: <T>(answer: Promise<T>) => Promise<T>;
  /** Receives a line for each method that is tried. */
  readonly debug?: ((line: string) => void) | undefined;
  /** Disconnects: the server has sent more keyboard-interactive requests than a login may take. */
  readonly onGiveUp: (reason: string) => void;
}
