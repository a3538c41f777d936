import { RpcError } from "../contract/rpc-error.js";
import type { ConnectionOptions } from "./connection-options.js";
import { FRAME } from "./frame.js";
import type { FrameWriter } from "./frame-writer.js";
import type { IncomingCalls } from "./incoming-calls.js";
import type { OutgoingCalls } from "./outgoing-calls.js";

/**
 * How a connection empties before it ends: either side asks the other to open no new calls. Once the last call has ended,
 * the side that dialled closes the connection: it alone knows that nothing more is on its way.
 */
export class Drain {
  readonly #batch: FrameWriter;
  readonly #outgoing: OutgoingCalls;
  readonly #incoming: IncomingCalls;
  readonly #options: ConnectionOptions;
  readonly #close: () => void;
  #refusal: RpcError | undefined;

  /** @param close ends the connection */
  constructor(
    batch: FrameWriter,
    outgoing: OutgoingCalls,
    incoming: IncomingCalls,
    options: ConnectionOptions,
    close: () => void,
  ) {
    this.#batch = batch;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.#options = options;
    this.#close = close;
  }

  /** Why the other side takes no new calls, once it does not. */
  get refusal(): RpcError | undefined {
    return this.#refusal;
  }

  /** Asks the other side to open no new calls here; those that come are refused. */
  ask(reason: string): void {
    if (this.#incoming.refusal !== undefined) return;
    this.#incoming.refusal = new RpcError("UNAVAILABLE", reason);
    this.#batch.add({ kind: FRAME.DRAIN, id: 0, body: JSON.stringify({ message: reason }) });
  }

  /** The other side asks: calls that wait for it are given back, those that run go on. */
  asked(reason: string): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = new RpcError("UNAVAILABLE", `${this.#options.other} takes no new calls: ${reason}`);
    this.#options.onDrain?.();
    this.#outgoing.giveBack(this.#refusal);
    this.#incoming.onIdle = () => this.closeIfIdle();
  }

  /** Closes the connection where its last call has ended since the other side asked. Who accepted may still be called. */
  closeIfIdle(): void {
    if (this.#refusal === undefined || this.#options.role === "acceptor") return;
    if (this.#outgoing.size === 0 && this.#incoming.size === 0) this.#close();
  }
}
