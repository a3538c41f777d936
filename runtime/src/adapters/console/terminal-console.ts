import { EventEmitter, once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { Session, SessionTerminal } from "../../base/session.js";
import type { CommandStreams } from "../session-io/command-streams.js";
import { StandardInput } from "../session-io/standard-input.js";
import { onStop } from "../session-io/stop-signal.js";
import { drained } from "../session-io/write-to.js";
import { ConsoleOutput } from "./console-output.js";
import { TypedLines } from "./typed-lines.js";

/** What the prompt of a terminal does beside taking lines. */
export interface ConsoleOptions {
  /** Lines that were typed before, the latest first. Those typed at a prompt are added. */
  readonly history?: string[];
  /** Gives the completions of what stands before the cursor, and the part of it that they replace. */
  readonly complete?: (line: string) => Promise<[string[], string]>;
}

/** The longest line that can be typed, in bytes: that of a terminal in Unix. */
const MAX_LINE = 4096;

/** Bytes of input that are taken in one turn: each key may cost as much as its line is long, and others wait. */
const SLICE = 64;

const CTRL_D = 4;

/** Lines that a console keeps for the arrow keys. */
export const MAX_HISTORY = 200;

/**
 * The terminal of a session, with what the kernel and `sh` do for a local one: a line can be edited, Ctrl-C stops the
 * command that runs, Ctrl-D on an empty line ends the input. Lines go to whoever asks first: the prompt, or the command.
 * The end of the input stops no command, as under sshd: a program that has nothing to say may wait for the answer.
 */
export class TerminalConsole {
  readonly #session: Session;
  readonly #terminal: SessionTerminal;
  readonly #output: ConsoleOutput;
  readonly #keys = new PassThrough();
  readonly #interface: Interface;
  readonly #lines = new TypedLines();
  readonly #events = new EventEmitter();
  #atPrompt = false;
  #paused = false;
  #stopped = new AbortController();

  constructor(
    session: Session & { readonly terminal?: SessionTerminal },
    { history = [], complete }: ConsoleOptions = {},
  ) {
    this.#session = session;
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
      // Without a listener, readline would stop the whole process.
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
    session.onResize = () => this.#output.emit("resize");
    onStop(session, () => this.#interrupt());
    session.signal.addEventListener("abort", () => this.#end(), { once: true });
    void this.#feed();
  }

  /** The next line, as it is typed behind `prompt`; undefined where the input has ended. */
  async readLine(prompt: string): Promise<string | undefined> {
    this.#output.beginLine();
    this.#atPrompt = true;
    this.#interface.setPrompt(prompt);
    this.#interface.prompt(true);
    const line = await this.#lines.next();
    this.#atPrompt = false;
    this.#interface.setPrompt("");
    return line;
  }

  /** The streams of the next command: what is typed while it runs is its input, if it takes any. */
  streams(): CommandStreams {
    this.#stopped = new AbortController();
    return {
      input: this.#lines.input(),
      signal: AbortSignal.any([this.#session.signal, this.#stopped.signal]),
      write: (chunk) => this.write(chunk),
      writeError: async (text) => this.write(text),
      ask: (text) => void this.write(text),
    };
  }

  /** Writes text, whose lines end as a terminal has it; bytes are left as they are. */
  write(chunk: string | Uint8Array): Promise<void> | undefined {
    return this.#output.print(chunk);
  }

  close(): void {
    this.#end();
    this.#interface.close();
    this.#keys.destroy();
  }

  /** Gives what is typed to readline: little at a time, and only while the peer takes what comes back. */
  async #feed(): Promise<void> {
    try {
      for await (const chunk of new StandardInput(this.#session.stream)) {
        for (let at = 0; at < chunk.length && !this.#lines.ended; at += SLICE) {
          await this.#ready();
          this.#take(chunk.subarray(at, at + SLICE));
          await turn();
        }
        if (this.#lines.ended) return;
      }
      // What stands at a prompt was not sent off; what a command reads ends with its input, as a line or without.
      if (!this.#atPrompt && this.#interface.line !== "") this.#press(Buffer.from("\r"));
      this.#lines.end();
    } catch (error) {
      // A peer that is gone is what the signal is for.
      this.#end(this.#session.signal.aborted ? undefined : error);
    }
  }

  /** Resolves when the peer has taken what was shown, and readline is done with looking for completions. */
  async #ready(): Promise<void> {
    await drained(this.#session.stream);
    while (this.#paused && !this.#lines.ended) await once(this.#events, "change");
  }

  #take(slice: Buffer): void {
    const at = slice.indexOf(CTRL_D);
    if (at >= 0) {
      this.#press(slice.subarray(0, at));
      if (this.#interface.line === "") this.#line(undefined);
      else this.#press(slice.subarray(at, at + 1));
      this.#take(slice.subarray(at + 1));
    } else if (slice.length > 0) this.#press(slice);
  }

  #press(keys: Buffer): void {
    const isFull = this.#interface.line.length + keys.length > MAX_LINE;
    // Those that end the line, or make it shorter, still count.
    const taken = isFull ? keys.filter((key) => key < 32 || key === 127) : keys;
    // Not by writing: what follows asks for the line as these keys have left it.
    if (taken.length > 0) this.#keys.emit("data", taken);
  }

  #line(line: string | undefined): void {
    if (this.#lines.push(line)) this.#output.lineBegun = true;
  }

  #interrupt(): void {
    this.#output.print("^C\n");
    // Also at the prompt, where a line that was typed just now may not have been taken yet.
    this.#lines.clear();
    if (!this.#atPrompt) {
      this.#stopped.abort();
      return;
    }
    this.#interface.write(null, { ctrl: true, name: "e" });
    this.#interface.write(null, { ctrl: true, name: "u" });
  }

  /** Takes no more input, and stops the command that runs. */
  #end(error?: unknown): void {
    this.#stopped.abort();
    if (this.#lines.ended) return;
    this.#lines.end(error);
    this.#events.emit("change");
  }
}
