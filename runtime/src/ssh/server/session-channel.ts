import type { Duplex } from "node:stream";
import type { Peer } from "../../base/peer.js";
import type { Session, SessionTerminal } from "../../base/session.js";
import type { SessionDuplex } from "../ssh2/channels/session-duplex.js";
import type { SessionRequests } from "./session-requests.js";

/** A session of our own SSH server, once something runs in it. */
export class SessionChannel implements Session {
  readonly peer: Peer;
  readonly environment: ReadonlyMap<string, string>;
  readonly terminal?: SessionTerminal;
  onResize?: () => void;
  onSignal?: (name: string) => void;
  readonly #duplex: SessionDuplex;
  readonly #gone = new AbortController();
  readonly #closed: Promise<void>;

  constructor(duplex: SessionDuplex, requests: SessionRequests, peer: Peer) {
    this.peer = peer;
    this.#duplex = duplex;
    this.environment = requests.environment;
    if (requests.terminal !== undefined) this.terminal = requests.terminal;
    requests.onResize = () => this.onResize?.();
    requests.onSignal = (name) => this.onSignal?.(name);
    requests.onClose = () => duplex.destroy();
    // Nobody has to listen: the signal says the same.
    duplex.on("error", () => {});
    this.#closed = new Promise((resolve) => {
      duplex.once("close", () => {
        this.#gone.abort();
        resolve();
      });
    });
  }

  get stream(): Duplex {
    return this.#duplex;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  async writeError(text: string): Promise<void> {
    const written = new Promise<void>((resolve) => this.#duplex.writeError(text, () => resolve()));
    await Promise.race([written, this.#closed]);
  }

  async exit(status: number): Promise<void> {
    const duplex = this.#duplex;
    duplex.setStatus(status);
    const finished = new Promise<void>((resolve) => {
      if (duplex.writableFinished || duplex.destroyed) resolve();
      else duplex.once("finish", resolve);
    });
    duplex.end();
    await Promise.race([finished, this.#closed]);
    duplex.destroy();
    await this.#closed;
  }
}
