import { errorMessage } from "../../base/error-message.js";
import type { Logger } from "../../base/log.js";
import type { Peer } from "../../base/peer.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ApiServer } from "../../server/api-server.js";
import type { PacketChannel } from "../../ssh/ssh2/channels/packet-channel.js";
import { encodeMessage } from "./encode-message.js";
import { formatAnswer, formatFailure } from "./format-answer.js";
import { gunzipMembers } from "./gzip-members.js";
import { KorvError } from "./korv-error.js";
import type { KorvLimits } from "./korv-options.js";
import { parseRequest, type Request, type RequestId } from "./parse-request.js";

/** What a korv channel is served with. */
export interface KorvConfig {
  readonly server: ApiServer;
  readonly peer: Peer;
  readonly limits: KorvLimits;
  readonly log: Logger;
}

/** Answers the requests of a korv client on `channel`, and destroys it in the end. */
export function serveKorv(channel: PacketChannel, config: KorvConfig): void {
  void new KorvChannel(channel, config).run();
}

class KorvChannel {
  readonly #channel: PacketChannel;
  readonly #config: KorvConfig;
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  /** Called when a call has ended. */
  #freed: () => void = () => undefined;

  constructor(channel: PacketChannel, config: KorvConfig) {
    this.#channel = channel;
    this.#config = config;
    // Cancels the calls that still run.
    channel.once("close", () => this.#closed.abort());
    channel.on("error", () => undefined);
  }

  /** Serves until the client sends no more and has its answers, or is gone. It never throws. */
  async run(): Promise<void> {
    const { limits } = this.#config;
    // A channel on which the client says no more can still be written to.
    const input = this.#channel.iterator({ destroyOnReturn: false });
    try {
      for await (const message of gunzipMembers(input, limits)) {
        this.#begin(message);
        if (this.#running.size < limits.calls) continue;
        await new Promise<void>((resolve) => {
          this.#freed = resolve;
        });
      }
    } catch (error) {
      await this.#stop(error as Error);
    }
    await Promise.all(this.#running);
    if (!this.#channel.destroyed) this.#channel.end(() => this.#channel.destroy());
  }

  #begin(message: Buffer): void {
    const running = this.#serve(message)
      .catch((error: Error) => this.#end(error.message))
      .finally(() => {
        this.#running.delete(running);
        this.#freed();
      });
    this.#running.add(running);
  }

  async #serve(message: Buffer): Promise<void> {
    const request = parseRequest(message);
    if ("error" in request) await this.#answer(request.id, formatFailure(request.id, request.error));
    else await this.#answer(request.id, await this.#call(request));
  }

  /** The answer to a request, whatever becomes of it. */
  async #call({ id, reference, body }: Request): Promise<string> {
    try {
      const { server, peer } = this.#config;
      const route = server.resolve(reference, peer);
      if (route.method.kind !== "unary")
        throw new RpcError("UNIMPLEMENTED", `${reference} streams, which korv cannot carry`);
      const response = await server.call(route, body, { peer, signal: this.#closed.signal }).response;
      return formatAnswer(id, 200, response?.value);
    } catch (error) {
      return formatFailure(id, error instanceof RpcError ? error : new RpcError("INTERNAL"));
    }
  }

  /**
   * In one packet: a client takes each for a whole message. What is too large for that, or for the room that the client
   * makes, becomes an error that fits. @throws Error where not even that can be sent
   */
  async #answer(id: RequestId, json: string): Promise<void> {
    const channel = this.#channel;
    const { sendTimeout } = this.#config.limits;
    const packet = await encodeMessage(json);
    try {
      await channel.send(packet, sendTimeout);
    } catch (error) {
      if (channel.destroyed) throw error;
      const message = `the answer cannot be sent: ${errorMessage(error)}`;
      await channel.send(await encodeMessage(formatAnswer(id, 500, { message })), sendTimeout);
    }
  }

  /** Nothing that follows can be understood. The client is told, because it has proven who it is. */
  async #stop(error: Error): Promise<void> {
    if (!(error instanceof KorvError)) return;
    this.#log(error.message);
    await this.#answer(0, formatFailure(0, new RpcError("BAD_REQUEST", error.message))).catch(() => undefined);
  }

  #end(reason: string): void {
    if (!this.#channel.destroyed) this.#log(reason);
    this.#channel.destroy();
  }

  #log(reason: string): void {
    const { user, address, fingerprint } = this.#config.peer;
    this.#config.log.info({ user, address, fingerprint, reason }, "korv channel ended");
  }
}
