import type { Socket } from "node:net";
import type { ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import type { ForwardingConfig } from "./forwarding-config.js";
import { splice } from "./splice.js";

/** What is forwarded on one connection at the moment, in both directions: it is counted, and ends with the connection. */
export class Forwarded {
  readonly #config: ForwardingConfig;
  readonly #pairs = new Map<Socket, ChannelDuplex>();
  #places = 0;

  constructor(config: ForwardingConfig) {
    this.#config = config;
    config.connection.on("close", () => {
      for (const [socket, duplex] of this.#pairs) this.#finish(socket, duplex);
    });
  }

  /** Takes a place, until what it returns is called; undefined where all are taken. */
  reserve(): (() => void) | undefined {
    if (this.#places >= this.#config.forwarding.maxForwarded) return undefined;
    this.#places++;
    let held = true;
    return () => {
      if (held) this.#places--;
      held = false;
    };
  }

  /** Joins a channel and a socket, which end with the connection; when they have, the audit log has it. */
  join(duplex: ChannelDuplex, socket: Socket, fields: object): void {
    const start = performance.now();
    this.#pairs.set(socket, duplex);
    socket.once("close", () => {
      this.#pairs.delete(socket);
      const bytes = { bytesIn: socket.bytesWritten, bytesOut: socket.bytesRead };
      const milliseconds = Math.round(performance.now() - start);
      this.#config.log.info({ ...fields, ...bytes, milliseconds }, "forwarded connection ended");
    });
    splice(duplex, socket);
  }

  /** What a client sent before it said goodbye may still arrive; then nobody is left to talk to. */
  #finish(socket: Socket, duplex: ChannelDuplex): void {
    if (duplex.destroyed || socket.writableFinished) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), this.#config.forwarding.timeout);
    socket.once("finish", () => socket.destroy()).once("close", () => clearTimeout(timer));
  }
}
