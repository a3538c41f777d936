import { RpcError } from "../contract/rpc-error.js";
import { FRAME } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import type { IncomingCalls } from "./incoming-calls.js";
import type { OutgoingCalls } from "./outgoing-calls.js";

/** What a drain needs of its connection. */
export interface DrainConfig {
  readonly writer: FrameWriter;
  readonly outgoing: OutgoingCalls;
  readonly incoming: IncomingCalls;
  readonly role: "dialer" | "acceptor";
  /** The name of the peer in messages. */
  readonly peerName: string;
  /** Called when the peer drains, before the calls that wait are given back. */
  readonly onDrain: (() => void) | undefined;
  /** Closes the connection. */
  readonly close: () => void;
}

/**
 * Graceful shutdown of a connection: either side asks the other to open no new calls. Once the last call has ended, the
 * dialer closes the connection: only the dialer knows that none of its calls is in flight.
 */
export class Drain {
  readonly #config: DrainConfig;
  #refusal: RpcError | undefined;

  constructor(config: DrainConfig) {
    this.#config = config;
  }

  /** Why the peer accepts no new calls; undefined where it does. */
  get refusal(): RpcError | undefined {
    return this.#refusal;
  }

  /** Sends DRAIN: the peer should open no new calls here, and those that arrive are rejected. */
  start(reason: string): void {
    const { writer, incoming } = this.#config;
    if (!incoming.refuseNew(new RpcError("UNAVAILABLE", reason))) return;
    writer.add({ kind: FRAME.DRAIN, id: 0, body: JSON.stringify({ message: reason }) });
  }

  /** DRAIN arrived: calls that wait for the peer are given back, running ones continue. */
  received(reason: string): void {
    if (this.#refusal !== undefined) return;
    const { peerName, onDrain, outgoing } = this.#config;
    this.#refusal = new RpcError("UNAVAILABLE", `${peerName} accepts no new calls: ${reason}`);
    onDrain?.();
    outgoing.giveBack(this.#refusal);
  }

  /** Closes the connection where the peer drains and no call is left. An acceptor never does: it may still be called. */
  closeIfIdle(): void {
    const { role, outgoing, incoming, close } = this.#config;
    if (this.#refusal === undefined || role === "acceptor") return;
    if (outgoing.size === 0 && incoming.size === 0) close();
  }
}
