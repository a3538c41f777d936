import type { Session } from "ssh2";
import type { Peer } from "../../base/peer.js";
import type { SessionTerminal } from "../../base/session.js";

/** Only these names are taken from a client: what else a process is told by its environment is not the client's business. */
const NAME = /^RPC_[A-Z0-9_]{1,60}$/;

/** How many variables a session takes, and how many characters in all of them. */
const MAX_VARIABLES = 64;
const MAX_ENVIRONMENT = 32 * 1024;

/** The most columns or rows that a terminal has: whoever draws must not be asked for more. */
const MAX_SIDE = 4096;

/** The parts of ssh2's session that its types do not show. */
interface SessionInternals {
  _ending: boolean;
}

type Accept = (() => void) | undefined;

/**
 * What a client says of a session beside what is to run in it: environment, terminal, its window, and signals (RFC 4254,
 * sections 6.2 to 6.9).
 */
export class SessionRequests {
  readonly environment: Map<string, string>;
  terminal: SessionTerminal | undefined;
  /** Whether the input ended before anything ran. */
  ended = false;
  onResize?: () => void;
  onSignal?: (name: string) => void;
  /** The client has closed the channel. */
  onClose?: () => void;
  readonly #given: ReadonlySet<string>;
  #size = 0;

  /** @param peer whose key may forbid a terminal, and gives the environment that its client cannot change */
  constructor(session: Session, { permissions, environment = {} }: Peer) {
    this.environment = new Map(Object.entries(environment));
    this.#given = new Set(this.environment.keys());
    // ssh2 would take no signal and no change of the window any more once the input has ended.
    session.on("eof", () => {
      (session as Session & SessionInternals)._ending = false;
      this.ended = true;
    });
    session.on("close", () => this.onClose?.());
    session.on("env", (accept: Accept, reject: Accept, { key, val }: { key: string; val: string }) =>
      (this.#set(key, val) ? accept : reject)?.(),
    );
    session.on("pty", (accept: Accept, reject: Accept, { term = "", cols, rows }) => {
      if (permissions?.pty === false || this.terminal !== undefined) reject?.();
      else {
        this.terminal = { type: /^[\w.+-]{1,64}$/.test(term) ? term : "dumb", ...sides(cols, rows) };
        accept?.();
      }
    });
    session.on("window-change", (_accept: Accept, _reject: Accept, { cols, rows }) => {
      if (this.terminal === undefined) return;
      Object.assign(this.terminal, sides(cols, rows));
      this.onResize?.();
    });
    session.on("signal", (accept: Accept, reject: Accept, { name }) => {
      if (this.onSignal === undefined || !/^[A-Z0-9]{1,16}$/.test(name)) reject?.();
      else {
        accept?.();
        this.onSignal(name);
      }
    });
  }

  #set(name: string, value: string): boolean {
    const size = this.#size + name.length + value.length;
    const isTooMuch = this.environment.size - this.#given.size >= MAX_VARIABLES || size > MAX_ENVIRONMENT;
    if (isTooMuch || !NAME.test(name) || this.#given.has(name)) return false;
    this.#size = size;
    this.environment.set(name, value);
    return true;
  }
}

/** Some clients say 0 where they do not know. */
function sides(columns: number, rows: number): { columns: number; rows: number } {
  return { columns: Math.min(columns || 80, MAX_SIDE), rows: Math.min(rows || 24, MAX_SIDE) };
}
