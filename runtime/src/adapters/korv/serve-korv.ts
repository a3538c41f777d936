import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import type { Peer } from "../../base/peer.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ApiServer } from "../../server/api-server.js";
import type { PacketChannel } from "../../ssh/ssh2/channels/packet-channel.js";
import { formatError, formatResponse } from "./format-response.js";
import { encodeMessage, gunzipMembers } from "./gzip-members.js";
import { KorvError } from "./korv-error.js";
import type { KorvLimits } from "./korv-options.js";
import { type KorvRequest, parseRequest, type RequestId } from "./parse-request.js";

/** What a korv channel needs. */
interface KorvConfig {
  readonly server: ApiServer;
  readonly peer: Peer;
  readonly limits: KorvLimits;
  readonly log: Logger;
}

/** Serves the requests of a korv client on `channel`, and destroys the channel at the end. */
export function serveKorv(channel: PacketChannel, config: KorvConfig): void {
  void new KorvChannel(channel, config).run();
}

class KorvChannel {
  readonly #channel: PacketChannel;
  readonly #config: KorvConfig;
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  /** Called when a call has ended. */
  #onFree: () => void = () => undefined;

  constructor(channel: PacketChannel, config: KorvConfig) {
    this.#channel = channel;
    this.#config = config;
    // Cancels the running calls.
    channel.once("close", () => this.#closed.abort());
    channel.on("error", () => undefined);
  }

  /** Serves until the client has ended its side and received its responses, or has disconnected. It never throws. */
  async run(): Promise<void> {
    const { limits, server, peer } = this.#config;
    const account = server.accounts.of(peer);
    // After the client's EOF the channel can still be written to.
    const input = this.#channel.iterator({ destroyOnReturn: false });
    try {
      for await (const message of gunzipMembers(input, { ...limits, account })) {
        this.#begin(message);
        if (this.#running.size < limits.calls) continue;
        await new Promise<void>((resolve) => {
          this.#onFree = resolve;
        });
      }
    } catch (error) {
      await this.#reject(error as Error);
    }
    await Promise.all(this.#running);
    if (!this.#channel.destroyed) this.#channel.end(() => this.#channel.destroy());
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
   * a packet or for the client's window is replaced by a small error. @throws Error where that cannot be sent either
   */
  async #respond(id: RequestId, json: string): Promise<void> {
    const channel = this.#channel;
    const { sendTimeout } = this.#config.limits;
    const packet = await encodeMessage(json);
    try {
      await channel.send(packet, sendTimeout);
    } catch (error) {
      if (channel.destroyed) throw error;
      const failure = new RpcError("INTERNAL", `the response cannot be sent: ${errorMessage(error)}`);
      await channel.send(await encodeMessage(formatError(id, failure)), sendTimeout);
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
    const { user, address, fingerprint } = this.#config.peer;
    this.#config.log.info({ user, address, fingerprint, reason }, "korv channel ended");
  }
}
