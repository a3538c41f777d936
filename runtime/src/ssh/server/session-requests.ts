import type { Session } from "ssh2";
import type { Peer } from "../../base/peer.js";
import type { SessionTerminal } from "../../base/session.js";
import { acceptRequestsAfterEof } from "../ssh2/channels/session-state.js";

/** The variables that a client may set: others, such as PATH, could change how the server runs. */
const NAME = /^RPC_[A-Z0-9_]{1,60}$/;

/** The number of variables of a session. */
export const MAX_VARIABLES = 64;
/** The characters of their names and values together; as metadata, `limits.metadata` ends the call before. */
export const MAX_ENVIRONMENT = 32 * 1024;

/** The maximum number of columns or rows of a terminal, which bounds what a shell draws. */
const MAX_SIDE = 4096;

type Accept = (() => void) | undefined;

/** The requests of a client that arrive while a command or shell runs. */
interface SessionEvents {
  readonly onResize: () => void;
  readonly onSignal: (name: string) => void;
  /** The client has closed the channel. */
  readonly onClose: () => void;
}

/** The requests of one session other than its command: environment, terminal, window, signals (RFC 4254, 6.2 to 6.9). */
export class SessionRequests {
  readonly environment: Map<string, string>;
  terminal: SessionTerminal | undefined;
  readonly #granted: ReadonlySet<string>;
  #ended = false;
  #events: SessionEvents | undefined;
  #size = 0;

  /** @param peer its key may forbid a terminal, and sets variables that the client cannot override */
  constructor(session: Session, { permissions, environment = {} }: Peer) {
    this.environment = new Map(Object.entries(environment));
    this.#granted = new Set(this.environment.keys());
    session.on("eof", () => {
      acceptRequestsAfterEof(session);
      this.#ended = true;
    });
    session.on("close", () => this.#events?.onClose());
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
      this.#events?.onResize();
    });
    session.on("signal", (accept: Accept, reject: Accept, { name }) => {
      if (this.#events === undefined || !/^[A-Z0-9]{1,16}$/.test(name)) reject?.();
      else {
        accept?.();
        this.#events.onSignal(name);
      }
    });
  }

  /** Whether the input ended before a command or shell ran. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Delivers later requests to the command or shell that runs now. */
  deliverTo(events: SessionEvents): void {
    this.#events = events;
  }

  #set(name: string, value: string): boolean {
    const size = this.#size + name.length + value.length;
    const isTooMuch = this.environment.size - this.#granted.size >= MAX_VARIABLES || size > MAX_ENVIRONMENT;
    if (isTooMuch || !NAME.test(name) || this.#granted.has(name)) return false;
    this.#size = size;
    this.environment.set(name, value);
    return true;
  }
}

/** Some clients send 0 for an unknown size. */
function sides(columns: number, rows: number): { columns: number; rows: number } {
  return { columns: Math.min(columns || 80, MAX_SIDE), rows: Math.min(rows || 24, MAX_SIDE) };
}
