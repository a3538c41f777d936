import type { Duplex } from "node:stream";
import type { Peer } from "../../base/peer.js";
import type { Session, SessionTerminal } from "../../base/session.js";
import type { SessionDuplex } from "../ssh2/channels/session-duplex.js";
import type { SessionRequests } from "./session-requests.js";

/** A session of the built-in SSH server in which a command or a shell runs. */
export class SessionChannel implements Session {
  readonly peer: Peer;
  readonly environment: ReadonlyMap<string, string>;
  readonly terminal?: SessionTerminal;
  #resized: (() => void) | undefined;
  #signaled: ((name: string) => void) | undefined;
  readonly #duplex: SessionDuplex;
  readonly #aborted = new AbortController();
  /** Resolves when the channel is closed. */
  readonly closed: Promise<void>;

  constructor(duplex: SessionDuplex, requests: SessionRequests, peer: Peer) {
    this.peer = peer;
    this.#duplex = duplex;
    this.environment = requests.environment;
    if (requests.terminal !== undefined) this.terminal = requests.terminal;
    requests.deliverTo({
      onResize: () => this.#resized?.(),
      onSignal: (name) => this.#signaled?.(name),
      onClose: () => duplex.destroy(),
    });
    // The signal reports the loss, so that an unread stream must not end the process.
    duplex.on("error", () => {});
    this.closed = new Promise((resolve) => {
      duplex.once("close", () => {
        this.#aborted.abort();
        resolve();
      });
    });
  }

  onResize(listener: () => void): void {
    this.#resized = listener;
  }

  onSignal(listener: (name: string) => void): void {
    this.#signaled = listener;
  }

  get stream(): Duplex {
    return this.#duplex;
  }

  get signal(): AbortSignal {
    return this.#aborted.signal;
  }

  async writeError(text: string): Promise<void> {
    const written = new Promise<void>((resolve) => this.#duplex.writeError(text, () => resolve()));
    await Promise.race([written, this.closed]);
  }

  async exit(status: number): Promise<void> {
    const duplex = this.#duplex;
    duplex.setStatus(status);
    const finished = new Promise<void>((resolve) => {
      if (duplex.writableFinished || duplex.destroyed) resolve();
      else duplex.once("finish", resolve);
    });
    duplex.end();
    await Promise.race([finished, this.closed]);
    duplex.destroy();
    await this.closed;
  }
}
