import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Fault } from "../history/fault.js";
import type { LineWriter } from "../history/lines.js";

/** How the connections of a link end. */
export type Cut =
  /** Both ends get a reset at once. */
  | { readonly how: "reset" }
  /** Both ends get an orderly end of the stream. */
  | { readonly how: "end" }
  /** A reset once so many further bytes have passed in one direction, in the middle of a packet. */
  | { readonly how: "after"; readonly bytes: number; readonly direction: "up" | "down" }
  /** Nothing arrives any more in one direction (or both), and the connection is reset after this time. */
  | { readonly how: "mute"; readonly ms: number; readonly direction: "up" | "down" | "both" };

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Bytes that may still pass, per direction. */
  readonly left: { up: number; down: number };
}

/** A TCP proxy in front of a server, whose connections the nemesis cuts. */
export class Link {
  readonly name: string;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #faults: LineWriter;
  readonly #target: () => number | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(name: string, target: () => number | undefined, faults: LineWriter) {
    this.name = name;
    this.#target = target;
    this.#faults = faults;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#accept(near));
  }

  /** @param target the port of the server; undefined while it has none, when connections are reset */
  static async open(name: string, target: () => number | undefined, faults: LineWriter): Promise<Link> {
    const link = new Link(name, target, faults);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Cuts all open connections. */
  cut(cut: Cut): void {
    for (const pair of this.#pairs) this.#cut(pair, cut);
    const kind = cut.how === "mute" ? "mute" : "cut";
    this.#faults.write({ kind, target: this.name, t: Date.now(), how: cut.how } satisfies Fault);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#server.close();
    for (const pair of this.#pairs) this.#reset(pair);
    if (this.#server.listening) await once(this.#server, "close");
  }

  #accept(near: Socket): void {
    const port = this.#target();
    if (port === undefined) {
      near.on("error", () => undefined).resetAndDestroy();
      return;
    }
    const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const pair: Pair = { near, far, left: { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY } };
    this.#pairs.add(pair);
    this.#forward(pair, "up");
    this.#forward(pair, "down");
    for (const socket of [near, far]) {
      socket.on("error", () => this.#reset(pair)).on("close", () => this.#pairs.delete(pair));
    }
  }

  #forward(pair: Pair, direction: "up" | "down"): void {
    const [from, to] = direction === "up" ? [pair.near, pair.far] : [pair.far, pair.near];
    from.on("data", (chunk: Buffer) => {
      const left = pair.left[direction];
      // A muted direction drops what it reads, so that the sender does not notice.
      if (left < 0) return;
      if (chunk.length >= left) {
        to.write(chunk.subarray(0, left), () => setImmediate(() => this.#reset(pair)));
        pair.left[direction] = -1;
        return;
      }
      pair.left[direction] = left - chunk.length;
      if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
    from.on("end", () => to.end());
  }

  #cut(pair: Pair, cut: Cut): void {
    switch (cut.how) {
      case "reset":
        this.#reset(pair);
        break;
      case "end":
        for (const socket of [pair.near, pair.far]) socket.destroySoon();
        break;
      case "after":
        pair.left[cut.direction] = cut.bytes;
        break;
      case "mute": {
        if (cut.direction !== "down") pair.left.up = -1;
        if (cut.direction !== "up") pair.left.down = -1;
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          this.#reset(pair);
        }, cut.ms);
        this.#timers.add(timer);
      }
    }
  }

  #reset({ near, far }: Pair): void {
    near.resetAndDestroy();
    far.resetAndDestroy();
  }
}
