import { closeSync, fstatSync, realpathSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { CHECK_INTERVAL, type LineFileEvents, type LineFileOptions, MAX_BUFFERED } from "./line-file-options.js";
import { hasName, openAppend } from "./open-append.js";
import { rotate } from "./rotate.js";

/** Interval in ms of attempts to write after a failure. */
const RETRY_INTERVAL = 1000;

/** Timeout in ms for writing the last lines. */
const CLOSE_TIMEOUT = 2000;

/** Bytes that one write takes, unless a single line is longer. */
const MAX_WRITE = 64 * 1024;

const writeAsync = promisify(write);
const EMPTY = Buffer.alloc(0);

/** The open files, which write their last lines when the process ends. */
const open = new Set<LineFile>();
const flushAll = (): void => [...open].forEach((file) => void file.flushSync());

/**
 * A file of lines, to which several processes may append. It never throws after it was opened: lines wait where the disk is full, up to
 * {@link MAX_BUFFERED} bytes, then they are counted as lost. A file that is moved, as by logrotate, is created again within
 * {@link CHECK_INTERVAL}. Lines are never cut: a write that fails in the middle of one continues it, and a file that ends
 * within a line, because a process was killed, gets a line break first.
 */
export class LineFile {
  readonly #options: LineFileOptions;
  readonly #events: LineFileEvents;
  readonly #maxBuffered: number;
  readonly #timer: NodeJS.Timeout;
  #fd: number;
  #lines: string[] = [];
  #bytes = 0;
  /** The lines that are being written, and how many bytes of them are in the file. */
  #chunk: Buffer = EMPTY;
  #written = 0;
  #isDraining = false;
  #isInFlight = false;
  #isClosed = false;
  /** A line break, where the file ends within a line. */
  #prefix = "";
  #mayBeMoved = false;
  #hasMoveFailed = false;
  #retry: NodeJS.Timeout | undefined;
  #failure: Error | undefined;
  #lost = 0;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  /** @throws Error of the file system, if it cannot be written */
  constructor(options: LineFileOptions, events: LineFileEvents) {
    this.#options = options;
    this.#events = events;
    this.#maxBuffered = options.maxBuffered ?? MAX_BUFFERED;
    this.#fd = this.#open();
    this.#timer = setInterval(() => this.reopen(), CHECK_INTERVAL).unref();
    if (open.size === 0) process.on("exit", flushAll);
    open.add(this);
  }

  /** Why lines cannot be written at present. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Appends a line, which ends with a line break. */
  write(line: string): void {
    if (this.#isClosed) return;
    const size = Buffer.byteLength(line);
    if (this.#bytes + size > this.#maxBuffered) {
      this.#events.onLost?.();
      if (this.#lost++ === 0) this.#events.onProblem("loses lines: too many wait to be written");
      return;
    }
    this.#lines.push(line);
    this.#bytes += size;
    if (this.#failure === undefined) this.#drain();
  }

  /** Creates the file again if it was moved, now rather than at the next check. */
  reopen(): void {
    this.#mayBeMoved = true;
    this.#drain();
  }

  /** Resolves when all lines are written, or after {@link CLOSE_TIMEOUT}. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    let timeout: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timeout = setTimeout(resolve, CLOSE_TIMEOUT);
      this.#onIdle = resolve;
      this.#drain();
    });
    clearTimeout(timeout);
    clearTimeout(this.#retry);
    open.delete(this);
    if (open.size === 0) process.off("exit", flushAll);
    this.#isClosed = true;
    const left = this.#rest.toString().split("\n").length - 1 + this.#lines.length + this.#lost;
    if (left > 0) this.#events.onProblem(`was closed without ${left} lines, which could not be written`);
    // A write that still waits for the disk keeps its descriptor.
    if (!this.#isDraining) closeSync(this.#fd);
  }

  /** Writes what waits, for the end of the process. */
  flushSync(): void {
    // The system completes a write that is in flight.
    const rest = this.#isInFlight ? EMPTY : this.#rest;
    let left = Buffer.concat([rest, Buffer.from(this.#prefix + this.#lines.join(""))]);
    this.#chunk = EMPTY;
    this.#lines = [];
    try {
      while (left.length > 0) left = left.subarray(writeSync(this.#fd, left));
    } catch {} // The process ends: no listener is left.
  }

  get #rest(): Buffer {
    return this.#chunk.subarray(this.#written);
  }

  #drain(): void {
    if (this.#isDraining || this.#isClosed) return;
    this.#isDraining = true;
    void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    let failure: Error | undefined;
    try {
      while (this.#rest.length > 0 || this.#lines.length > 0 || this.#mayBeMoved) await this.#writeChunk();
    } catch (error) {
      failure = error as Error;
    }
    // In the same step as the last look at the queue: a line that comes later starts again.
    this.#isDraining = false;
    if (failure === undefined) this.#succeeded();
    else this.#failed(failure);
  }

  async #writeChunk(): Promise<void> {
    if (this.#mayBeMoved) this.#reopenMoved();
    if (this.#rest.length === 0) this.#take();
    if (this.#rest.length === 0) return;
    this.#isInFlight = true;
    const { bytesWritten } = await writeAsync(this.#fd, this.#rest).finally(() => {
      this.#isInFlight = false;
    });
    this.#written += bytesWritten;
  }

  /** Takes the lines of the next write; rotates the file first where they do not fit. */
  #take(): void {
    const { maxSize = Number.POSITIVE_INFINITY } = this.#options;
    // Removed, as by rotations of other processes.
    if (fstatSync(this.#fd).nlink === 0) this.#reopenMoved();
    const stats = fstatSync(this.#fd);
    const space = stats.isFile() ? maxSize - stats.size : Number.POSITIVE_INFINITY;
    let count = 0;
    let bytes = 0;
    for (const line of this.#lines) {
      const size = Buffer.byteLength(line);
      if (bytes + size > (count === 0 ? space : Math.min(space, MAX_WRITE))) break;
      count += 1;
      bytes += size;
    }
    if (count === 0 && this.#lines.length > 0) {
      if (stats.size > 0) this.#rotate();
      // Also a line that is longer than the file, or a file that cannot be rotated.
      count = 1;
      bytes = Buffer.byteLength(this.#lines[0] as string);
    }
    if (count === 0) return;
    this.#chunk = Buffer.from(this.#prefix + this.#lines.splice(0, count).join(""));
    this.#written = 0;
    this.#prefix = "";
    this.#bytes -= bytes;
  }

  #rotate(): void {
    const { file, files } = this.#options;
    try {
      // Another process may have rotated it. A symbolic link stays where it is: the file that it names is renamed.
      if (hasName(this.#fd, file)) rotate(realpathSync(file), files);
      this.#reopen();
    } catch (error) {
      this.#moveFailed("cannot be rotated: it grows beyond its size", error as Error);
    }
  }

  #reopenMoved(): void {
    this.#mayBeMoved = false;
    try {
      if (!hasName(this.#fd, this.#options.file)) this.#reopen();
    } catch (error) {
      this.#moveFailed("cannot be reopened: lines go to the moved file", error as Error);
    }
  }

  #reopen(): void {
    const fd = this.#open();
    closeSync(this.#fd);
    this.#fd = fd;
    this.#hasMoveFailed = false;
    if (this.#rest.length === 0) return;
    // The line that the other file has in part comes whole.
    const begin = this.#written === 0 ? 0 : this.#chunk.lastIndexOf("\n", this.#written - 1) + 1;
    this.#chunk = Buffer.from(this.#prefix + this.#chunk.subarray(begin).toString());
    this.#written = 0;
    this.#prefix = "";
  }

  #moveFailed(message: string, error: Error): void {
    if (!this.#hasMoveFailed) this.#events.onProblem(message, error);
    this.#hasMoveFailed = true;
  }

  #open(): number {
    const { file, mode } = this.#options;
    const { fd, isCut } = openAppend(file, mode);
    this.#prefix = isCut ? "\n" : "";
    return fd;
  }

  #succeeded(): void {
    const lost = this.#lost;
    const isRecovered = this.#failure !== undefined || lost > 0;
    this.#failure = undefined;
    this.#lost = 0;
    if (isRecovered) this.#events.onRecovered(lost);
    // The report may have written a line.
    if (!this.#isDraining) this.#onIdle?.();
  }

  #failed(error: Error): void {
    if (this.#failure === undefined) this.#events.onProblem("cannot be written: lines wait", error);
    this.#failure = error;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#drain(), RETRY_INTERVAL).unref();
  }
}
