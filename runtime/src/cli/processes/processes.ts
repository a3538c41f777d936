import type { Socket } from "node:net";
import type { Logger } from "../../base/log.js";
import type { BoundAddress } from "../../ssh/server/socket-source.js";
import type { CliIo } from "../shared/io.js";
import type { ToPrimary, ToWorker } from "./messages.js";
import { Questions } from "./questions.js";
import { RestartDelay } from "./restart-delay.js";
import { WorkerProcess } from "./worker-process.js";

/** Milliseconds for the processes to answer a question of one of them. */
const ASK_TIMEOUT = 2000;

/** Connections that wait for a process to take them, while none does. */
const MAX_WAITING = 1024;

interface ProcessesConfig {
  readonly io: CliIo;
  readonly log: Logger;
  /** How many processes serve. */
  readonly count: number;
  /** Where the processes connect to each other. */
  readonly directory: string;
  /** Begins to listen: called once, when the first process has loaded its handlers and keys. */
  readonly listen: () => Promise<BoundAddress>;
  /** Gets the text of the first process that is ready. */
  readonly introduce: (text: string) => void;
}

/** The processes that serve, as seen from the primary one: it starts and replaces them, gives them connections, and passes messages on. */
export class Processes {
  readonly #config: ProcessesConfig;
  readonly #workers = new Map<number, WorkerProcess>();
  readonly #waiting: Socket[] = [];
  readonly #questions = new Questions();
  readonly #restarts = new Set<NodeJS.Timeout>();
  #watchdog: NodeJS.Timeout | undefined;
  #address: Promise<BoundAddress> | undefined;
  #onFailure: (error: unknown) => void = () => undefined;
  #onFirstReady: () => void = () => undefined;
  #onFirstEnd: (status: number) => void = () => undefined;
  #lastNumber = 0;
  #isIntroduced = false;
  #isClosing = false;
  #onStopped: () => void = () => undefined;
  /** Resolves when no process takes connections any more, after {@link close}. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#onStopped = resolve;
  });
  #onEnded: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#onEnded = resolve;
  });

  constructor(config: ProcessesConfig) {
    this.#config = config;
  }

  /**
   * Starts one process, then the others: what is wrong with the options or the handlers is reported once.
   * @returns the exit status of the first process if it ended before it was ready
   * @throws Error if the server cannot listen
   */
  async start(): Promise<number | undefined> {
    const status = await this.#startFirst();
    if (status !== undefined || this.#isClosing) return status;
    for (let index = 1; index < this.#config.count; index += 1) this.#start(new RestartDelay());
    return undefined;
  }

  /** Gives a connection to the process with the fewest. */
  readonly give = (socket: Socket): void => {
    const [worker] = [...this.#workers.values()]
      .filter((one) => one.takesConnections)
      .sort((a, b) => a.connections - b.connections);
    if (worker !== undefined) worker.take(socket, () => this.give(socket));
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(socket);
    else socket.destroy();
  };

  /** Every process reads its configuration again. */
  reload(): void {
    this.#sendAll({ type: "reload" });
  }

  /** Asks every process that is ready; those that do not answer in time are left out. */
  async ask(topic: string, body: unknown, but?: number): Promise<readonly unknown[]> {
    const asked = this.#ready.filter(({ number }) => number !== but);
    const send = (worker: WorkerProcess, id: number): void => worker.send({ type: "ask", id, topic, body });
    return (await this.#questions.ask(asked, send, ASK_TIMEOUT)).answers;
  }

  /** Ends all processes at once: the server cannot start, or has got a second signal. */
  kill(): void {
    this.#isClosing = true;
    clearTimeout(this.#watchdog);
    for (const worker of this.#workers.values()) worker.kill("SIGKILL");
  }

  /**
   * Ends all processes, each as it would end by itself. Resolves when they have ended.
   * @param patience ms after which a process that does not answer, as in an endless loop of a handler, is killed
   */
  async close(reason: "primary" | "takeover", patience: number): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    clearTimeout(this.#watchdog);
    this.#sendAll({ type: "close", reason });
    // One that still loads its handlers has no connection, and ends as a single process would.
    for (const worker of this.#workers.values()) if (!worker.isReady) worker.kill("SIGTERM");
    this.#checkEnd();
    const timer = setTimeout(() => void this.#killSilent([...this.#workers.values()], ASK_TIMEOUT), patience);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Replaces each process whose event loop gives no sign for some time, until {@link close}. @param timeout ms */
  watch(timeout: number): void {
    this.#watchdog = setTimeout(async () => {
      await this.#killSilent(this.#ready, timeout);
      if (!this.#isClosing) this.watch(timeout);
    }, timeout / 2);
  }

  async #killSilent(asked: readonly WorkerProcess[], timeout: number): Promise<void> {
    const send = (worker: WorkerProcess, id: number): void =>
      worker.send({ type: "ask", id, topic: "", body: undefined });
    for (const worker of (await this.#questions.ask(asked, send, timeout)).silent) {
      const { number, pid } = worker;
      this.#config.log.error({ worker: number, child: pid }, "a process does not answer, and is killed");
      worker.kill("SIGKILL");
    }
  }

  get #ready(): readonly WorkerProcess[] {
    return [...this.#workers.values()].filter(({ isReady }) => isReady);
  }

  #startFirst(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#onFailure = reject;
      this.#onFirstReady = () => resolve(undefined);
      this.#onFirstEnd = resolve;
      this.#start(new RestartDelay(), { isFirst: true });
    });
  }

  #start(delay: RestartDelay, { isFirst = false }: { readonly isFirst?: boolean } = {}): void {
    const { io, directory } = this.#config;
    this.#lastNumber += 1;
    const worker = new WorkerProcess(
      { io, directory, number: this.#lastNumber, delay },
      {
        receive: (message, handle) => this.#receive(worker, message, handle),
        exited: (status) => this.#exited(worker, status, isFirst ? "first" : "later"),
      },
    );
    this.#workers.set(worker.number, worker);
    if (this.#isClosing) worker.send({ type: "close", reason: "primary" });
  }

  #exited(worker: WorkerProcess, status: number | string, which: "first" | "later"): void {
    const { log } = this.#config;
    const { number, isReady, delay } = worker;
    this.#workers.delete(number);
    for (const other of this.#ready) other.send({ type: "left", worker: number });
    this.#questions.ended(worker);
    const isUnready = which === "first" && !isReady;
    if (isUnready) {
      // Else its reason is on standard error already: the command ends with its status.
      if (typeof status === "string" && !this.#isClosing)
        log.error({ worker: number, status }, "the first process has ended before it served");
      this.#onFirstEnd(typeof status === "number" ? status : 1);
    }
    if (this.#isClosing) {
      this.#checkEnd();
      return;
    }
    if (isUnready) return;
    const milliseconds = delay.next();
    log.error({ worker: number, status, delay: milliseconds }, "a process has ended; another one replaces it");
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#start(delay);
    }, milliseconds);
    this.#restarts.add(timer);
  }

  #receive(worker: WorkerProcess, message: ToPrimary, handle: Socket | undefined): void {
    switch (message.type) {
      case "opening":
        this.#address ??= this.#config.listen();
        this.#address.then(
          (address) => worker.send({ type: "address", address }),
          (error: unknown) => this.#onFailure(error),
        );
        return;
      case "ready":
        this.#isReady(worker, message.introduction);
        return;
      case "closed":
        worker.closedConnection();
        return;
      case "stopped":
        worker.stop();
        this.#checkEnd();
        return;
      case "returned":
        worker.closedConnection();
        if (handle !== undefined) this.give(handle);
        return;
      case "publish":
        this.#publish(worker, message);
        return;
      case "asks":
        void this.ask(message.topic, message.body, worker.number).then((answers) =>
          worker.send({ type: "answers", id: message.id, answers }),
        );
        return;
      default:
        this.#questions.answer(message.id, worker, message);
    }
  }

  #isReady(worker: WorkerProcess, introduction: string): void {
    const { number, pid } = worker;
    for (const other of this.#ready) {
      other.send({ type: "joined", worker: number });
      worker.send({ type: "joined", worker: other.number });
    }
    worker.ready();
    this.#onFirstReady();
    this.#config.log.info({ worker: number, child: pid }, "a process serves");
    if (!this.#isIntroduced) this.#config.introduce(introduction);
    this.#isIntroduced = true;
    for (const socket of this.#waiting.splice(0)) this.give(socket);
  }

  #publish({ number }: WorkerProcess, { topic, body, to }: ToPrimary & { readonly type: "publish" }): void {
    for (const other of this.#ready) {
      if (other.number === number || (to !== undefined && other.number !== to)) continue;
      other.send({ type: "published", topic, body, from: number });
    }
  }

  #sendAll(message: ToWorker): void {
    for (const worker of this.#workers.values()) worker.send(message);
  }

  #checkEnd(): void {
    const all = [...this.#workers.values()];
    if (this.#isClosing && all.every(({ isStopped }) => isStopped)) {
      this.#onStopped();
      for (const socket of this.#waiting.splice(0)) socket.destroy();
    }
    if (this.#isClosing && all.length === 0) this.#onEnded();
  }
}
