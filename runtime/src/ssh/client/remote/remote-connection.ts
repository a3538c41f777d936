import { EventEmitter } from "node:events";
import type { Client, ClientChannel } from "ssh2";
import { printable } from "../../../base/printable.js";
import type { ExecOptions } from "../../../base/ssh-client.js";
import { printableError } from "../../printable-error.js";
import { SshError } from "../../ssh-error.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import type { DialChannel } from "../dial-channel.js";
import { RemoteChannel } from "./remote-channel.js";

/** An SSH connection with any number of session and direct-tcpip channels. Emits 'close' once it has closed. */
export class RemoteConnection extends EventEmitter<{ close: [] }> {
  readonly #client: Client;
  readonly #config: ChannelConfig;
  #closed = false;

  constructor(client: Client, config: ChannelConfig) {
    super();
    this.#client = client;
    this.#config = config;
    // Each channel adds a listener.
    client.setMaxListeners(0);
    client.once("close", () => this.close());
  }

  /** Whether channels can be opened. */
  get open(): boolean {
    return !this.#closed;
  }

  exec(command: string, options: ExecOptions): Promise<RemoteChannel> {
    const { env } = options;
    return this.#channel(
      (done) => this.#client.exec(command, env === undefined ? {} : { env: { ...env } }, done),
      (channel) => new RemoteChannel(channel, this.#config, options),
    );
  }

  connectTcp(host: string, port: number): Promise<ChannelDuplex> {
    return this.#channel(
      (done) => this.#client.forwardOut("127.0.0.1", 0, host, port, done),
      (channel) => new ChannelDuplex(channel, this.#config),
    );
  }

  /** Closes the connection and all channels. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit("close");
  }

  /** @throws SshError `unavailable` where the server rejects the channel, or the connection closes */
  #channel<Opened>(
    open: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown,
    wrap: (channel: ClientChannel) => Opened,
  ): Promise<Opened> {
    return new Promise((resolve, reject) => {
      // ssh2 drops pending callbacks when the connection closes.
      const lost = (): void => reject(this.#config.lost());
      const done = (error: Error | undefined, channel: ClientChannel): void => {
        this.off("close", lost);
        if (error)
          reject(
            new SshError("unavailable", `the server rejected the request: ${printable(error.message)}`, {
              cause: printableError(error),
            }),
          );
        else resolve(wrap(channel));
      };
      if (this.#closed) {
        lost();
        return;
      }
      this.setMaxListeners(0).once("close", lost);
      try {
        open(done);
      } catch (error) {
        done(error as Error, undefined as never);
      }
    });
  }
}

/** The connection itself, without a first channel. */
export const WHOLE_CONNECTION: DialChannel<RemoteConnection, Client> = {
  open: (client, done) => done(undefined, client),
  wrap: (client, config) => new RemoteConnection(client, config),
  refusal: () => undefined,
};
