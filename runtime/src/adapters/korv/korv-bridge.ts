import type { Duplex } from "node:stream";
import { errorMessage } from "../../base/error-message.js";
import { AGENT } from "../../base/version.js";
import type { Api, Method } from "../../contract/method.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { PacketChannel } from "../../ssh/ssh2/channels/packet-channel.js";
import { Connection } from "../../wire/connection.js";
import type { Limits } from "../../wire/limits.js";
import { encodeMessage } from "./encode-message.js";
import { formatRequest } from "./format-request.js";
import { gunzipMembers } from "./gzip-members.js";
import { KorvError } from "./korv-error.js";
import { type Answer, parseAnswer, requestIdIn } from "./parse-answer.js";
import { PendingCall } from "./pending-call.js";

/** What a bridge needs beside its two ends. */
export interface BridgeConfig {
  readonly api: Api;
  readonly limits: Limits;
  /** Gives the server's name of a resource, from its path. */
  readonly mapPath: (path: string) => string;
  /** Milliseconds that the server has to take a packet. */
  readonly sendTimeout: number;
}

/** A korv server drops the connection of a client that sends a larger packet. */
const MAX_REQUEST = 32_768;

/** Bytes that an answer may have beside its body. */
const ENVELOPE = 4096;

/** Answers the calls of a client of ours with what a korv server answers. It ends when either of its two ends does. */
export class KorvBridge {
  readonly #channel: PacketChannel;
  readonly #config: BridgeConfig;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #connection: Connection;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;

  /** @param duplex the end that speaks our wire; its other end is the client's */
  constructor(duplex: Duplex, channel: PacketChannel, config: BridgeConfig) {
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
          void this.#call(new PendingCall(call, method), () => (request.size === 0 ? {} : call.codec.decode(request)));
          return;
        }
        const message = `korv has no streams, and is called by a contract's methods only: not ${reference}`;
        call.fail(new RpcError("UNIMPLEMENTED", message));
        call.release();
      },
    });
    // The calls are answered before anybody hears that the channel is gone.
    channel.on("error", () => undefined);
    void this.#read();
    void this.#connection.closed.then(() => channel.destroy());
  }

  /** @param request is asked for at once: it cannot be read later */
  async #call(call: PendingCall, request: () => unknown): Promise<void> {
    this.#lastId += 1;
    const id = this.#lastId;
    call.onEnd = () => this.#pending.delete(id);
    try {
      const packet = await this.#packet(id, call.method, request());
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
    const packet = await encodeMessage(formatRequest(id, method, request, this.#config.mapPath));
    const limit = Math.min(MAX_REQUEST, this.#channel.maxPacket);
    if (packet.length <= limit) return packet;
    throw new RpcError(
      "MESSAGE_TOO_LARGE",
      `the request has ${packet.length} bytes compressed; the korv server takes ${limit}`,
    );
  }

  async #read(): Promise<void> {
    const bound = this.#config.limits.message + ENVELOPE;
    let heard = false;
    try {
      for await (const member of gunzipMembers(this.#channel, { compressed: bound, decompressed: bound })) {
        heard = true;
        this.#receive(member);
      }
      await this.#connection.close(
        heard
          ? "the korv server ended the channel"
          : "no korv server, or one that is broken: it ended the channel before it answered anything",
      );
    } catch (error) {
      if (error instanceof KorvError && error.head !== "") this.#failOne(error);
      await this.#connection.close(`no korv server, or one that is broken: ${errorMessage(error)}`);
    }
  }

  #receive(member: Buffer): void {
    let answer: Answer | undefined;
    try {
      answer = parseAnswer(member);
    } catch (error) {
      const id = requestIdIn(member.toString("latin1", 0, ENVELOPE));
      this.#pending.get(id)?.fail(new RpcError("INTERNAL", `the server's answer is ${errorMessage(error)}`));
      return;
    }
    // Of request 0, and of those that have ended: korv's complaints about nothing, and what comes twice or too late.
    if (answer !== undefined) this.#pending.get(answer.requestId)?.answer(answer);
  }

  /** Its caller must learn that it was the size, or it would call again. */
  #failOne({ head, message }: KorvError): void {
    this.#pending.get(requestIdIn(head))?.fail(new RpcError("MESSAGE_TOO_LARGE", `${message} (limits.message)`));
  }
}

function unavailable(error: Error): never {
  throw new RpcError("UNAVAILABLE", error.message);
}
