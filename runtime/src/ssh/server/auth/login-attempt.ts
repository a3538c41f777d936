/** An authentication attempt. Nothing in it is verified yet. */
export interface LoginAttempt {
  /** The user name in the request. */
  readonly user: string;
  /** The source of the connection, such as `192.0.2.7:50122`. */
  readonly address: string;
  /** Aborts when the server stops waiting for the answer: the connection ended, or the time is up. */
  readonly signal: AbortSignal;
}
