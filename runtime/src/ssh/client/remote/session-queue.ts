import { withSignal } from "../../../base/async/with-signal.js";
import { SshError } from "../../ssh-error.js";

/** Attempts while no session of the connection is open: a server frees a session shortly after it has closed the channel. */
const ATTEMPTS = 5;

/** Milliseconds before the next attempt, which doubles each time, and its maximum. The end of a session ends the pause. */
const PAUSE = { min: 20, max: 1000 } as const;

/** The server has no room for a session; the message is its reason. */
export class SessionRejected extends Error {}

/**
 * Opens the sessions of one connection. A server limits them (MaxSessions of sshd_config(5), 10 by default), and does not announce
 * the limit: a rejected session waits until another one has ended, and those that follow wait behind it, in order.
 */
export class SessionQueue {
  readonly #waiting: object[] = [];
  /** Wake all that wait: each checks whether it is its turn. */
  readonly #wakers = new Set<() => void>();
  /** Open sessions, and attempts to open one. */
  #sessions = 0;

  /**
   * Opens a session as soon as the server has room for it.
   * @param open rejects with {@link SessionRejected} where the server has none
   * @param signal cancels the wait; `open` is not called after the abort
   * @throws SshError `unavailable` where the server rejects the session with no other one open, `cancelled` after an abort
   */
  async run<Opened>(open: () => Promise<Opened>, signal: AbortSignal | undefined): Promise<Opened> {
    let rejected: SessionRejected | undefined;
    if (this.#waiting.length === 0) {
      const opened = await this.#try(open);
      if (!(opened instanceof SessionRejected)) return opened;
      rejected = opened;
    }
    const turn = {};
    this.#waiting.push(turn);
    try {
      while (this.#waiting[0] !== turn) await this.#wait(signal);
      let idle = 0;
      for (let pause: number = PAUSE.min; ; pause = Math.min(2 * pause, PAUSE.max)) {
        if (rejected !== undefined) {
          if (this.#sessions > 0) idle = 0;
          else if (++idle > ATTEMPTS) throw noSession(rejected);
          await this.#wait(signal, pause);
        }
        const opened = await this.#try(open);
        if (!(opened instanceof SessionRejected)) return opened;
        rejected = opened;
      }
    } finally {
      this.#waiting.splice(this.#waiting.indexOf(turn), 1);
      this.#wake();
    }
  }

  /** The channel of a session is open. */
  opened(): void {
    this.#sessions++;
  }

  /** The channel of a session has closed. */
  closed(): void {
    this.#sessions--;
    this.#wake();
  }

  async #try<Opened>(open: () => Promise<Opened>): Promise<Opened | SessionRejected> {
    this.#sessions++;
    try {
      return await open();
    } catch (error) {
      if (error instanceof SessionRejected) return error;
      throw error;
    } finally {
      this.#sessions--;
    }
  }

  /** Waits for the end of a session or of a turn, at most `timeout` milliseconds. */
  #wait(signal: AbortSignal | undefined, timeout?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let waker: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => {
      waker = resolve;
      this.#wakers.add(resolve);
      if (timeout !== undefined) timer = setTimeout(resolve, timeout);
    });
    return withSignal(woken, signal, { error: waitCancelled }).finally(() => {
      clearTimeout(timer);
      this.#wakers.delete(waker);
    });
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }
}

function noSession(rejected: SessionRejected): SshError {
  return new SshError(
    "unavailable",
    `the server rejected the session: ${rejected.message}; does MaxSessions of its sshd_config allow one?`,
    { cause: rejected },
  );
}

function waitCancelled(cause: unknown): SshError {
  return new SshError(
    "cancelled",
    "the operation was cancelled while it waited for another session to end: the server is at its limit (MaxSessions of sshd_config)",
    { cause },
  );
}
