import type { Socket } from "node:net";
import { join } from "node:path";
import type { Siblings } from "../../base/siblings.js";
import type { BoundAddress, SocketSource } from "../../ssh/server/socket-source.js";
import { endHung, type HungConfig } from "../shared/end-hung.js";
import type { CliIo } from "../shared/io.js";
import { PARENT, START_PATIENCE } from "../takeover/predecessor.js";
import type { ToPrimary, ToWorker } from "./messages.js";

/** The variable by which a primary process tells a child that it is one of several: its process id, the number of the child, and a directory. */
export const WORKER = "SSHRPC_WORKER_OF";

/** Milliseconds after which a process is killed that hangs, and has lost the one that would kill it. */
const PATIENCE = 10_000;

/** One of the processes that serve, as seen from itself. */
export interface Worker {
  readonly sockets: SocketSource;
  readonly siblings: Siblings;
  /** Resolves with the reason why the process has to end; the primary process is gone where it has not asked for it. */
  readonly ended: Promise<"primary" | "takeover">;
  /** Calls `reload` when the primary process asks for it. */
  onReload(reload: () => void): void;
  /** The server is ready. */
  ready(introduction: string): void;
  /** Nothing more is sent. */
  leave(): void;
}

/** This process as one of several; undefined if it is not. */
export function workerOf(io: CliIo): Worker | undefined {
  const [primary, number, ...directory] = io.env[WORKER]?.split(":") ?? [];
  if (primary === undefined || primary !== String(io.ppid) || io.send === undefined) return undefined;
  return new ChannelWorker(io, { number: Number(number), directory: directory.join(":") });
}

interface Place {
  readonly number: number;
  readonly directory: string;
}

class ChannelWorker implements Worker {
  readonly #io: CliIo;
  readonly #joined = new Set<number>();
  readonly #onJoin = new Set<(other: number) => void>();
  readonly #onLeave = new Set<(other: number) => void>();
  readonly #topics = new Map<string, Set<(body: unknown, from: number) => void>>();
  readonly #answers = new Map<string, (body: unknown) => unknown>();
  readonly #asked = new Map<number, (answers: readonly unknown[]) => void>();
  readonly #onSocket: { receive?: (socket: Socket) => void } = {};
  readonly #address: Promise<BoundAddress>;
  readonly #whileServing: HungConfig;
  #stopWatch: () => void;
  #lastAsk = 0;
  #reload: (() => void) | undefined;
  #isEnding = false;
  readonly sockets: SocketSource;
  readonly siblings: Siblings;
  readonly ended: Promise<"primary" | "takeover">;

  constructor(io: CliIo, { number, directory }: Place) {
    this.#io = io;
    this.#whileServing = { patience: PATIENCE, parent: io.ppid };
    // The primary process of a successor waits for this one, and the running server for both.
    const isOfSuccessor = io.env[PARENT] !== undefined;
    this.#stopWatch = endHung(isOfSuccessor ? { patience: START_PATIENCE } : this.#whileServing);
    let listens: (address: BoundAddress) => void = () => undefined;
    this.#address = new Promise((resolve) => {
      listens = resolve;
    });
    let end: (reason: "primary" | "takeover") => void = () => undefined;
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    io.on("message", (message, handle) => {
      const received = message as ToWorker;
      if (received.type === "address") listens(received.address);
      else if (received.type === "close") {
        this.#isEnding = true;
        end(received.reason);
      } else this.#receive(received, handle as Socket | undefined);
    });
    io.on("disconnect", () => {
      // The primary process was killed. A second end, as by a second signal, is one at once.
      if (this.#isEnding) io.exit(1);
      end("primary");
    });
    this.sockets = this.#socketSource();
    this.siblings = this.#createSiblings(number, directory);
  }

  onReload(reload: () => void): void {
    this.#reload = reload;
  }

  ready(introduction: string): void {
    this.#stopWatch();
    this.#stopWatch = endHung(this.#whileServing);
    this.#send({ type: "ready", introduction });
  }

  leave(): void {
    this.#isEnding = false;
    this.#stopWatch();
    this.#io.disconnect?.();
  }

  #send(message: ToPrimary, handle?: Socket): void {
    // The channel may be closed: the primary process is gone.
    if (this.#io.connected !== false) this.#io.send?.(message, handle, undefined, () => undefined);
  }

  #receive(message: ToWorker, handle: Socket | undefined): void {
    switch (message.type) {
      case "socket":
        this.#accept(handle);
        return;
      case "joined":
        this.#joined.add(message.worker);
        for (const listener of this.#onJoin) listener(message.worker);
        return;
      case "left":
        this.#joined.delete(message.worker);
        for (const listener of this.#onLeave) listener(message.worker);
        return;
      case "published":
        for (const listener of this.#topics.get(message.topic) ?? []) listener(message.body, message.from);
        return;
      case "ask":
        void this.#answer(message.id, message.topic, message.body);
        return;
      case "answers":
        this.#asked.get(message.id)?.(message.answers);
        this.#asked.delete(message.id);
        return;
      default:
        this.#reload?.();
    }
  }

  #accept(socket: Socket | undefined): void {
    // The client has left already.
    if (socket === undefined) {
      this.#send({ type: "closed" });
      return;
    }
    const { receive } = this.#onSocket;
    if (receive === undefined) {
      this.#send({ type: "returned" }, socket);
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.once("close", () => this.#send({ type: "closed" }));
    receive(socket);
  }

  async #answer(id: number, topic: string, body: unknown): Promise<void> {
    try {
      const answer = this.#answers.get(topic);
      if (answer === undefined) throw new Error(topic);
      this.#send({ type: "answer", id, value: await answer(body) });
    } catch {
      this.#send({ type: "answer", id, failed: true });
    }
  }

  #socketSource(): SocketSource {
    return {
      open: (receive) => {
        this.#onSocket.receive = receive;
        this.#send({ type: "opening" });
        return this.#address;
      },
      close: async () => {
        delete this.#onSocket.receive;
        this.#send({ type: "stopped" });
      },
    };
  }

  #createSiblings(number: number, directory: string): Siblings {
    return {
      number,
      socketPath: (other) => join(directory, `${other}.sock`),
      publish: (topic, body, to) => this.#send({ type: "publish", topic, body, to }),
      subscribe: (topic, listener) => {
        this.#topics.set(topic, (this.#topics.get(topic) ?? new Set()).add(listener));
      },
      onJoin: (listener) => {
        this.#onJoin.add(listener);
        for (const other of this.#joined) listener(other);
      },
      onLeave: (listener) => void this.#onLeave.add(listener),
      ask: (topic, body) =>
        new Promise((resolve) => {
          this.#lastAsk += 1;
          this.#asked.set(this.#lastAsk, resolve);
          this.#send({ type: "asks", id: this.#lastAsk, topic, body });
        }),
      answer: (topic, answer) => void this.#answers.set(topic, answer),
    };
  }
}
