import { openSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { ReadStream, WriteStream } from "node:tty";
import { RpcError } from "../contract/rpc-error.js";

/** The controlling terminal of the program, also if its input and output are redirected. */
export interface Terminal {
  /** Shows a line. */
  show(line: string): void;
  /**
   * Prompts for one line. Prompts are shown one after the other. `echo`: whether the input is visible; default: true.
   * @throws RpcError UNAUTHENTICATED at Ctrl-D. Ctrl-C ends the program, as it does without a prompt.
   */
  ask(prompt: string, options?: { readonly echo?: boolean }): Promise<string>;
}

/** The controlling terminal (tty(4)); undefined if there is none, or if standard error is redirected. */
export function openTerminal(): Terminal | undefined {
  const open = process.platform === "win32" ? openStandard : openDevice;
  const first = process.stderr.isTTY ? open() : undefined;
  if (first === undefined) return undefined;
  first.close();
  let last: Promise<unknown> = Promise.resolve();
  return {
    show(line) {
      const stream = open();
      stream?.output.write(`${line}\n`);
      stream?.close();
    },
    ask(prompt, { echo = true } = {}) {
      const answer = last.then(() => askOnce(open, prompt, echo));
      last = answer.catch(() => {});
      return answer;
    },
  };
}

interface Streams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  close(): void;
}

function openDevice(): Streams | undefined {
  try {
    const [reading, writing] = [openSync("/dev/tty", "r"), openSync("/dev/tty", "w")];
    const [input, output] = [new ReadStream(reading), new WriteStream(writing)];
    return { input, output, close: () => [input.destroy(), output.destroy()] };
  } catch {
    return undefined;
  }
}

function openStandard(): Streams | undefined {
  const { stdin: input, stderr: output } = process;
  return input.isTTY && output.isTTY ? { input, output, close: () => input.pause() } : undefined;
}

async function askOnce(open: () => Streams | undefined, prompt: string, echo: boolean): Promise<string> {
  const streams = open();
  if (streams === undefined) throw new RpcError("UNAUTHENTICATED", "the terminal has closed");
  let hidden = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!hidden) streams.output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: streams.input, output, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      // Ctrl-C ends the program, not only the prompt.
      const interrupt = () => {
        lines.close();
        process.kill(process.pid, "SIGINT");
      };
      const stop = () => reject(new RpcError("UNAUTHENTICATED", "the prompt was not answered"));
      lines.once("SIGINT", interrupt).once("close", stop);
      lines.question(prompt).then(resolve, reject);
      hidden = !echo;
    });
  } finally {
    if (!echo) streams.output.write("\n");
    lines.close();
    streams.close();
  }
}
