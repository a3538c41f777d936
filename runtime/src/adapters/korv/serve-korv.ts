import { identityOf } from "../../base/accounts/identity.js";
import { turnOf } from "../../base/accounts/turns.js";
import { errorMessage } from "../../base/error-message.js";
import type { Observer } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ApiServer } from "../../server/api-server.js";
import type { PacketChannel } from "../../ssh/ssh2/channels/packet-channel.js";
import { HeldBytes } from "../../wire/flow/held-bytes.js";
import { closingInput } from "../session-io/closing-input.js";
import { encodeMessage } from "./encode-message.js";
import { formatError, formatResponse } from "./format-response.js";
import { gunzipMembers } from "./gzip-members.js";
import { KorvError } from "./korv-error.js";
import type { KorvLimits } from "./korv-options.js";
import { type KorvRequest, parseRequest, type RequestId } from "./parse-request.js";

/** What a korv channel needs. */
interface KorvConfig {
  readonly server: ApiServer;
  readonly peer: Peer;
  readonly limits: KorvLimits;
  readonly observer: Observer;
}

/** Serves the requests of a korv client on `channel`, and destroys the channel at the end. */
export function serveKorv(channel: PacketChannel, config: KorvConfig): void {
  config.server.sessions.add(new KorvChannel(channel, config).run());
}

class KorvChannel {
  readonly #channel: PacketChannel;
  readonly #config: KorvConfig;
  readonly #owner: string;
  /** What it holds: a message that is not complete, and responses that the client has not taken. */
  readonly #memory: HeldBytes;
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  /** The packets of responses that wait, and the last one. */
  #unsent = 0;
  #sending: Promise<void> = Promise.resolve();
  /** Called when a call has ended, or its response was sent. */
  #onFree: () => void = () => undefined;

  constructor(channel: PacketChannel, config: KorvConfig) {
    this.#channel = channel;
    this.#config = config;
    this.#owner = identityOf(config.peer);
    this.#memory = new HeldBytes(config.server.accounts.of(config.peer));
    // Cancels the running calls.
    channel.once("close", () => this.#closed.abort());
    channel.on("error", () => undefined);
  }

  /**
   * Serves until the client has ended its side and received its responses, or has disconnected, or the server shuts down: then requests that
   * have arrived are answered. It never throws.
   */
  async run(): Promise<void> {
    const { limits, peer, server } = this.#config;
    // After the client's EOF the channel can still be written to.
    const chunks = this.#channel.iterator({ destroyOnReturn: false });
    // A client that retries must soon see that the channel is closed, and connect elsewhere.
    const quiet = { quiet: 5, isBusy: () => this.#running.size > 0 };
    const input = closingInput(chunks, server.sessions.closing, quiet);
    try {
      for await (const message of gunzipMembers(input, { ...limits, memory: this.#memory })) {
        this.#begin(message);
        await turnOf(peer)?.pass();
        while (this.#isFull) {
          await new Promise<void>((resolve) => {
            this.#onFree = resolve;
          });
        }
      }
    } catch (error) {
      await this.#reject(error as Error);
    }
    await Promise.all(this.#running);
    if (this.#channel.destroyed) return;
    const closed = new Promise((resolve) => this.#channel.once("close", resolve));
    this.#channel.end(() => this.#channel.destroy());
    await closed;
  }

  /** Whether the next request waits, in the window of the channel: too many run, or the client does not read. */
  get #isFull(): boolean {
    const { limits, server } = this.#config;
    return this.#running.size >= limits.calls || this.#unsent > server.limits.sendHighWaterMark;
  }

  #begin(message: Buffer): void {
    const running = this.#serve(message)
      .catch((error: Error) => this.#destroy(error.message))
      .finally(() => {
        this.#running.delete(running);
        this.#onFree();
      });
    this.#running.add(running);
  }

  async #serve(message: Buffer): Promise<void> {
    const request = parseRequest(message);
    if ("error" in request) await this.#respond(request.id, formatError(request.id, request.error));
    else await this.#respond(request.id, await this.#call(request));
  }

  /** The response to a request, also where the call fails. */
  async #call({ id, reference, body }: KorvRequest): Promise<string> {
    try {
      const { server, peer } = this.#config;
      const route = server.resolve(reference, peer);
      if (route.method.kind !== "unary") {
        throw new RpcError("UNIMPLEMENTED", `${reference}: a streaming method; korv supports unary calls only`);
      }
      const response = await server.call(route, body, { peer, signal: this.#closed.signal }).response;
      return formatResponse(id, response?.text ?? "null");
    } catch (error) {
      return formatError(id, error instanceof RpcError ? error : new RpcError("INTERNAL"));
    }
  }

  /**
   * Sends a response in one packet, because a client treats each packet as a whole message. A response that is too large for
   * a packet or for the client's window is replaced by a small error.
   * @throws Error where that cannot be sent either, or the account of the connection has no room for what waits
   */
  async #respond(id: RequestId, json: string): Promise<void> {
    const channel = this.#channel;
    const { sendTimeout } = this.#config.limits;
    await this.#send(json, sendTimeout).catch(async (error: unknown) => {
      if (channel.destroyed || error instanceof RpcError) throw error;
      const failure = new RpcError("INTERNAL", `the response cannot be sent: ${errorMessage(error)}`);
      await this.#send(formatError(id, failure), sendTimeout);
    });
  }

  /** Compresses and sends one response after the other: what waits is held as text, or as a packet. */
  async #send(json: string, timeout: number): Promise<void> {
    const memory = this.#memory;
    // As text, and as its bytes.
    let held = 2 * json.length;
    memory.take(held);
    this.#unsent += held;
    const sent = this.#sending.then(async () => {
      if (this.#channel.destroyed) throw new Error("the channel was closed");
      const packet = await encodeMessage(json, this.#owner);
      memory.give(held - packet.length);
      this.#unsent += packet.length - held;
      held = packet.length;
      await this.#channel.send(packet, timeout);
    });
    this.#sending = sent.catch(() => undefined);
    try {
      await sent;
    } finally {
      memory.give(held);
      this.#unsent -= held;
      this.#onFree();
    }
  }

  /** Ends reading: what follows a protocol error cannot be parsed. The client is authenticated, so it gets the reason. */
  async #reject(error: Error): Promise<void> {
    if (!(error instanceof KorvError)) return;
    this.#log(error.message);
    await this.#respond(0, formatError(0, new RpcError("BAD_REQUEST", error.message))).catch(() => undefined);
  }

  #destroy(reason: string): void {
    if (!this.#channel.destroyed) this.#log(reason);
    this.#channel.destroy();
  }

  #log(reason: string): void {
    const { observer, peer } = this.#config;
    const { connectionId, address } = peer;
    const about = { connectionId, address, peer };
    observer.diagnostic?.({ ...about, level: "info", message: "korv channel ended", fields: { reason } });
  }
}
