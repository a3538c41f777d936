import { EventEmitter, once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { PassThrough } from "node:stream";
import { nextTurn } from "../../base/accounts/turns.js";
import { anySignal } from "../../base/async/any-signal.js";
import { onAbort } from "../../base/async/with-signal.js";
import type { Session, SessionTerminal } from "../../base/session.js";
import type { CommandStreams } from "../session-io/command-streams.js";
import { drained, onStop } from "../session-io/session-streams.js";
import { StandardInput } from "../session-io/standard-input.js";
import { ConsoleOutput } from "./console-output.js";
import { HistorySearch } from "./history-search.js";
import { TypedLines } from "./typed-lines.js";

/** Options of a terminal. */
interface ConsoleOptions {
  /** Earlier lines, latest first. Lines that are entered at a prompt are added. */
  readonly history?: string[];
  /** Completes the text before the cursor: returns the candidates, and the part of the text that they replace. */
  readonly complete?: (line: string) => Promise<[string[], string]>;
}

/** Bytes of the longest line, as on a Unix terminal. */
export const MAX_TYPED = 4096;

/** Bytes of input per turn of the event loop: readline redraws the line for each key, and other sessions wait. */
const SLICE = 64;

const CTRL_D = 4;
const CTRL_G = 7;
const CTRL_R = 18;

/** Lines of the history. */
export const MAX_HISTORY = 200;

/**
 * The terminal of a session, with the line editing of a local one: Ctrl-C stops the running command, Ctrl-R searches the
 * history, Ctrl-D on an empty line ends the input. A line goes to the first reader, the prompt or a command. The end of the input does not stop a
 * command, as under sshd: a client without input may still wait for output.
 */
export class TerminalConsole {
  readonly #session: Session;
  readonly #terminal: SessionTerminal;
  readonly #output: ConsoleOutput;
  readonly #keys = new PassThrough();
  readonly #interface: Interface;
  readonly #lines = new TypedLines();
  readonly #events = new EventEmitter();
  readonly #history: readonly string[];
  #atPrompt = false;
  #prompt = "";
  #search: HistorySearch | undefined;
  #paused = false;
  #isResizing = false;
  #stopped = new AbortController();

  constructor(
    session: Session & { readonly terminal?: SessionTerminal },
    { history = [], complete }: ConsoleOptions = {},
  ) {
    this.#session = session;
    this.#history = history;
    this.#terminal = session.terminal ?? { type: "dumb", columns: 80, rows: 24 };
    this.#output = new ConsoleOutput(session.stream, this.#terminal);
    this.#interface = createInterface({
      input: this.#keys,
      output: this.#output,
      terminal: true,
      prompt: "",
      history: [...history],
      historySize: MAX_HISTORY,
      removeHistoryDuplicates: true,
      ...(complete && {
        completer: (line: string, done: (error: Error | null, result?: [string[], string]) => void) =>
          void complete(line).then(
            (result) => done(null, result),
            () => done(null, [[], line]),
          ),
      }),
    });
    this.#interface
      .on("line", (line) => this.#line(line))
      .on("SIGINT", () => this.#interrupt())
      // Without a listener, readline would suspend the whole process.
      .on("SIGTSTP", () => undefined)
      .on("pause", () => {
        this.#paused = true;
      })
      .on("resume", () => {
        this.#paused = false;
        this.#events.emit("change");
      })
      .on("history", (lines: string[]) => {
        if (!this.#atPrompt) lines.shift();
        else history.splice(0, history.length, ...lines);
      });
    session.onResize(() => this.#resized());
    onStop(session, () => this.#interrupt());
    onAbort(session.signal, () => this.#end());
    void this.#feed();
  }

  /** Shows `prompt` and reads a line; undefined at the end of the input, or where none follows once `closing` has aborted. */
  async readLine(prompt: string, closing: AbortSignal): Promise<string | undefined> {
    this.#output.beginLine();
    this.#atPrompt = true;
    this.#prompt = prompt;
    this.#interface.setPrompt(prompt);
    this.#interface.prompt(true);
    const line = await this.#lines.next(closing);
    this.#atPrompt = false;
    this.#interface.setPrompt("");
    return line;
  }

  /** The streams of the next command: lines that are entered while it runs are its input. */
  streams(): CommandStreams {
    this.#stopped = new AbortController();
    return {
      input: this.#lines.input(),
      signal: anySignal([this.#session.signal, this.#stopped.signal]),
      lost: this.#session.signal,
      write: (chunk) => this.write(chunk),
      writeError: async (text) => this.write(text),
      ask: (text) => void this.write(text),
    };
  }

  /** Writes text with the line ends of a terminal, or bytes unchanged. */
  write(chunk: string | Uint8Array): Promise<void> | undefined {
    return this.#output.print(chunk);
  }

  close(): void {
    this.#end();
    this.#interface.close();
    this.#keys.destroy();
  }

  /** Feeds the input to readline in small slices, and only while the peer reads the output. */
  async #feed(): Promise<void> {
    try {
      for await (const chunk of new StandardInput(this.#session.stream)) {
        for (let at = 0; at < chunk.length && !this.#lines.ended; at += SLICE) {
          await this.#ready();
          this.#take(chunk.subarray(at, at + SLICE));
          await nextTurn(this.#session.peer);
        }
        if (this.#lines.ended) return;
      }
      // An unfinished line at a prompt is discarded; for a command it is the last line of its input.
      if (!this.#atPrompt && this.#interface.line !== "") this.#press(Buffer.from("\r"));
      this.#lines.end();
    } catch (error) {
      // The signal reports a peer that has disconnected.
      this.#end(this.#session.signal.aborted ? undefined : error);
    }
  }

  /** Resolves when the peer has read the output, and readline has finished a completion. */
  async #ready(): Promise<void> {
    await drained(this.#session.stream);
    while (this.#paused && !this.#lines.ended) await once(this.#events, "change");
  }

  #take(slice: Buffer): void {
    if (this.#search !== undefined) {
      this.#takeSearch(slice, this.#search);
      return;
    }
    const at = slice.findIndex((key) => key === CTRL_D || (key === CTRL_R && this.#atPrompt));
    if (slice[at] === CTRL_R) {
      this.#press(slice.subarray(0, at));
      this.#search = new HistorySearch(this.#history, this.#interface.line);
      this.#show(this.#search.prompt, this.#search.line);
      this.#take(slice.subarray(at + 1));
    } else if (at >= 0) {
      this.#press(slice.subarray(0, at));
      if (this.#interface.line === "") this.#line(undefined);
      else this.#press(slice.subarray(at, at + 1));
      this.#take(slice.subarray(at + 1));
    } else if (slice.length > 0) this.#press(slice);
  }

  /** Passes keys to the search; the key that ends it, and those behind it, edit the line again. */
  #takeSearch(slice: Buffer, search: HistorySearch): void {
    for (const [at, key] of slice.entries()) {
      const state = search.press(key);
      if (state === "searching") continue;
      this.#search = undefined;
      this.#show(this.#prompt, state === "kept" ? search.line : search.original);
      this.#take(slice.subarray(key === CTRL_G ? at + 1 : at));
      return;
    }
    this.#show(search.prompt, search.line);
  }

  #show(prompt: string, line: string): void {
    this.#interface.setPrompt(prompt);
    this.#clearLine();
    this.#interface.write(line);
    this.#interface.prompt(true);
  }

  #clearLine(): void {
    this.#interface.write(null, { ctrl: true, name: "e" });
    this.#interface.write(null, { ctrl: true, name: "u" });
  }

  #press(keys: Buffer): void {
    const isFull = this.#interface.line.length + keys.length > MAX_TYPED;
    // Keys that end or shorten the line are still accepted.
    const taken = isFull ? keys.filter((key) => key < 32 || key === 127) : keys;
    // Emitted synchronously, without a write: the caller reads the line that results.
    if (taken.length > 0) this.#keys.emit("data", taken);
  }

  /** Redraws the line once, however often the window changes in one turn. */
  #resized(): void {
    if (this.#isResizing) return;
    this.#isResizing = true;
    void nextTurn(this.#session.peer).then(() => {
      this.#isResizing = false;
      this.#output.emit("resize");
    });
  }

  #line(line: string | undefined): void {
    if (this.#lines.push(line)) this.#output.lineEntered();
  }

  #interrupt(): void {
    this.#output.print("^C\n");
    // At the prompt, too: a line that was just entered may not have been read yet.
    this.#lines.clear();
    if (!this.#atPrompt) {
      this.#stopped.abort();
      return;
    }
    this.#clearLine();
  }

  /** Ends the input, and stops the running command. */
  #end(error?: unknown): void {
    this.#stopped.abort();
    if (this.#lines.ended) return;
    this.#lines.end(error);
    this.#events.emit("change");
  }
}
