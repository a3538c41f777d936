import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { withSignal } from "../../../base/async/with-signal.js";
import { formatHostPort } from "../../../base/net/host-port.js";
import { printable } from "../../../base/printable.js";
import type { ConnectTcpOptions, ExecOptions } from "../../../base/ssh-client.js";
import { printableError } from "../../printable-error.js";
import { cancelled, SshError } from "../../ssh-error.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import type { DialChannel } from "../dial-channel.js";
import { openFailure } from "../open-failure.js";
import { RemoteChannel } from "./remote-channel.js";
import { SessionQueue, SessionRejected } from "./session-queue.js";

/** How one channel is opened. */
interface ChannelRules {
  /** Makes the error of a channel that the server does not open, with its reason. */
  readonly rejected: (reason: string) => Error;
  readonly signal: AbortSignal | undefined;
}

/** An SSH connection with any number of session and direct-tcpip channels. Emits 'close' once it has closed. */
export class RemoteConnection extends EventEmitter<{ close: [] }> {
  readonly #client: Client;
  readonly #config: ChannelConfig;
  readonly #sessions = new SessionQueue();
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

  /** Runs a command, once the server has room for another session. */
  exec(command: string, options: ExecOptions): Promise<RemoteChannel> {
    const { env, signal } = options;
    const open = (): Promise<RemoteChannel> =>
      this.#channel(
        (done) => this.#client.exec(command, env === undefined ? {} : { env: { ...env } }, done),
        (channel) => {
          this.#sessions.opened();
          channel.once("close", () => this.#sessions.closed());
          return new RemoteChannel(channel, this.#config, options);
        },
        { rejected: (reason) => new SessionRejected(reason), signal },
      );
    return this.#sessions.run(open, signal);
  }

  connectTcp(host: string, port: number, { signal }: ConnectTcpOptions): Promise<ChannelDuplex> {
    const rejected = (reason: string): SshError =>
      new SshError("unavailable", `the server cannot connect to ${formatHostPort(host, port)}: ${reason}`);
    return this.#channel(
      (done) => this.#client.forwardOut("127.0.0.1", 0, host, port, done),
      (channel) => new ChannelDuplex(channel, this.#config),
      { rejected, signal },
    );
  }

  /** Closes the connection and all channels. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit("close");
  }

  /** @throws SshError `unavailable` where the server rejects the request, or the connection closes; `cancelled` after an abort */
  #channel<Opened extends Duplex>(
    open: (done: (error: Error | undefined, channel: ClientChannel) => void) => unknown,
    wrap: (channel: ClientChannel) => Opened,
    { rejected, signal }: ChannelRules,
  ): Promise<Opened> {
    const opening = new Promise<Opened>((resolve, reject) => {
      // ssh2 drops pending callbacks when the connection closes.
      const lost = (): void => reject(this.#config.lost());
      const done = (error: Error | undefined, channel: ClientChannel): void => {
        this.off("close", lost);
        const reason = error && openFailure(error);
        if (reason !== undefined) reject(rejected(reason));
        else if (error) {
          const message = `the server rejected the request: ${printable(error.message)}`;
          reject(new SshError("unavailable", message, { cause: printableError(error) }));
        } else resolve(wrap(channel));
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
    return withSignal(opening, signal, { error: cancelled, onLate: abandon });
  }
}

function abandon(duplex: Duplex): void {
  duplex.on("error", () => undefined).destroy();
}

/** The connection itself, without a first channel. */
export const WHOLE_CONNECTION: DialChannel<RemoteConnection, Client> = {
  open: (client, done) => done(undefined, client),
  wrap: (client, config) => new RemoteConnection(client, config),
  refusal: () => undefined,
};
