import type { Socket } from "node:net";
import type { ConnectionEvent, ForwardEvent } from "../../../base/observer/observer.js";
import type { ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import type { ForwardingConfig } from "./forwarding-config.js";
import { splice } from "./splice.js";

/** The forwarded connections of one SSH connection, in both directions. They are limited, and end with it. */
export class Forwarded {
  readonly #config: ForwardingConfig;
  readonly #pairs = new Map<Socket, ChannelDuplex>();
  #reserved = 0;

  constructor(config: ForwardingConfig) {
    this.#config = config;
    config.connection.on("close", () => {
      for (const [socket, duplex] of this.#pairs) this.#finish(socket, duplex);
    });
  }

  /** Reserves one of `maxForwarded` connections; returns the function that releases it, or undefined at the limit. */
  reserve(): (() => void) | undefined {
    if (this.#reserved >= this.#config.forwarding.maxForwarded) return undefined;
    this.#reserved++;
    let held = true;
    return () => {
      if (held) this.#reserved--;
      held = false;
    };
  }

  /** Joins a channel and a socket until either ends, and reports both. */
  join(duplex: ChannelDuplex, socket: Socket, forward: Omit<ForwardEvent, keyof ConnectionEvent>): void {
    const { observer, about } = this.#config;
    observer.forwardOpened?.({ ...about(), ...forward });
    const start = performance.now();
    this.#pairs.set(socket, duplex);
    socket.once("close", () => {
      this.#pairs.delete(socket);
      const traffic = { bytesIn: socket.bytesWritten, bytesOut: socket.bytesRead };
      observer.forwardClosed?.({ ...about(), ...forward, ...traffic, milliseconds: performance.now() - start });
    });
    splice(duplex, socket);
    duplex.once("close", () => this.#finish(socket, duplex));
  }

  /** Delivers what the client sent before it disconnected or closed the channel, within a bounded time, and closes the socket. */
  #finish(socket: Socket, duplex: ChannelDuplex): void {
    if (socket.writableFinished || (duplex.destroyed && !duplex.readableEnded)) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), this.#config.forwarding.timeout);
    socket.once("finish", () => socket.destroy()).once("close", () => clearTimeout(timer));
  }
}
