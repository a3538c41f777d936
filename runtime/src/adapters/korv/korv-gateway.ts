import type { Duplex } from "node:stream";
import { errorMessage } from "../../base/error-message.js";
import { AGENT } from "../../base/version.js";
import type { Api, Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { PacketChannel } from "../../ssh/ssh2/channels/packet-channel.js";
import { Connection } from "../../wire/connection.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import type { Limits } from "../../wire/limits.js";
import { encodeMessage } from "./encode-message.js";
import { formatRequest } from "./format-request.js";
import { gunzipMembers } from "./gzip-members.js";
import { KorvError } from "./korv-error.js";
import { type KorvResponse, parseResponse, requestIdIn } from "./parse-response.js";
import { PendingCall } from "./pending-call.js";

interface GatewayConfig {
  readonly api: Api;
  readonly limits: Limits;
  /** Maps a path to the server's name of the resource. */
  readonly mapPath: (path: string) => string;
  /** Timeout in ms for the server to make room for a packet. */
  readonly sendTimeout: number;
}

/** A korv server closes the connection of a client that sends a larger packet. */
const MAX_REQUEST = 32_768;

/** Bytes of a response beside its body. */
const ENVELOPE = 4096;

/** Translates between the native wire of a client and a korv server. It closes when either end does. */
export class KorvGateway {
  readonly #channel: PacketChannel;
  readonly #config: GatewayConfig;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #connection: Connection;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;

  /** @param duplex speaks the native wire; its other end is the client's */
  constructor(duplex: Duplex, channel: PacketChannel, config: GatewayConfig) {
    this.#channel = channel;
    this.#config = config;
    this.#methods = new Map(config.api.methods.map((method) => [method.id, method]));
    this.#connection = new Connection(duplex, {
      role: "acceptor",
      hello: { agent: AGENT, methods: [] },
      limits: config.limits,
      peerName: "the client",
      receive: (call, request) => {
        const reference = this.#connection.remote?.methods[call.opening.method] ?? "";
        const method = this.#methods.get(reference);
        if (method?.kind === "unary") {
          void this.#call(call, method, () => (request.size === 0 ? {} : call.codec.decode(request)));
          return;
        }
        const message = `${reference}: not a unary method of the contract; korv supports no other calls`;
        call.fail(new RpcError("UNIMPLEMENTED", message));
        call.release();
      },
    });
    // #read() reports the loss: it answers the calls first.
    channel.on("error", () => undefined);
    void this.#read();
    void this.#connection.closed.then(() => channel.destroy());
  }

  /** @param request decodes the request; called at once, because its buffer is reused */
  async #call(incoming: IncomingCall, method: Method, request: () => unknown): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    const call = new PendingCall(incoming, method, () => this.#pending.delete(id));
    try {
      const packet = await this.#packet(id, method, request());
      if (!call.answered) {
        this.#pending.set(id, call);
        await this.#channel.send(packet, this.#config.sendTimeout).catch(unavailable);
      }
    } catch (error) {
      call.fail(error instanceof RpcError ? error : new RpcError("INTERNAL", errorMessage(error)));
    } finally {
      call.sent();
    }
  }

  /** @throws RpcError MESSAGE_TOO_LARGE */
  async #packet(id: number, method: Method, request: unknown): Promise<Buffer> {
    const packet = await encodeMessage(formatRequest({ id, method, request, mapPath: this.#config.mapPath }));
    const limit = Math.min(MAX_REQUEST, this.#channel.maxPacket);
    if (packet.length <= limit) return packet;
    throw new RpcError(
      "MESSAGE_TOO_LARGE",
      `the request has ${packet.length} bytes compressed; the limit of the korv server is ${limit}`,
    );
  }

  async #read(): Promise<void> {
    const { message } = this.#config.limits;
    // A separate bound for compressed bytes: data that gzip cannot compress grows a little.
    const limit = message + ENVELOPE;
    let hasReceived = false;
    try {
      for await (const member of gunzipMembers(this.#channel, { compressed: 2 * limit, decompressed: limit })) {
        hasReceived = true;
        this.#receive(member);
      }
      await this.#connection.close(
        hasReceived
          ? "the korv server closed the channel"
          : "not a working korv server: it closed the channel before its first response",
      );
    } catch (error) {
      const isTooLarge = error instanceof KorvError && error.head !== "";
      const reason = isTooLarge ? `response over ${message} bytes (limits.message)` : errorMessage(error);
      // With UNAVAILABLE the caller would retry.
      if (isTooLarge) this.#pending.get(requestIdIn(error.head))?.fail(new RpcError("MESSAGE_TOO_LARGE", reason));
      await this.#connection.close(isTooLarge ? reason : `not a working korv server: ${reason}`);
    }
  }

  #receive(member: Buffer): void {
    let response: KorvResponse | undefined;
    try {
      response = parseResponse(member);
    } catch (error) {
      const id = requestIdIn(member.toString("latin1", 0, ENVELOPE));
      const message = `invalid response of the korv server: ${errorMessage(error)}`;
      this.#pending.get(id)?.fail(new RpcError("INTERNAL", message));
      return;
    }
    // Responses to request 0, and to calls that have ended, are korv's errors without a cause, duplicates, or late: dropped.
    if (response !== undefined) this.#pending.get(response.requestId)?.answer(response);
  }
}

function unavailable(error: Error): never {
  throw new RpcError("UNAVAILABLE", error.message);
}
