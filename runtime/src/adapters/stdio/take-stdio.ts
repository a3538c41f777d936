import { type ByteSink, JoinedDuplex } from "../../base/joined-duplex.js";

/** The standard streams of this process, which nobody else writes to any more. */
export interface Stdio {
  /** Standard input and output. Whoever takes them destroys it. */
  readonly stream: JoinedDuplex;
  /** Writes to standard error. Resolves when it was taken, or cannot be. */
  writeError(text: string): Promise<void>;
  /** Gets what others print in the process, as `console.log` does. Until it is set, that goes to standard error. */
  onPrint?: (text: string) => void;
}

type Write = (chunk: Uint8Array | string, done?: (error?: Error | null) => void) => boolean;

/**
 * Takes the standard streams for one connection to whoever started this process: what anything else here prints must not
 * break its frames, nor be read as an answer. Called once in a process.
 */
export function takeStdio(): Stdio {
  const { stdin, stdout, stderr } = process;
  const writeOut = stdout.write.bind(stdout) as Write;
  const writeErr = stderr.write.bind(stderr) as Write;
  // sshd may close it, and a log that cannot be written is no reason to end.
  stderr.on("error", () => undefined);
  const output: ByteSink = {
    write: writeOut,
    end: (done) => stdout.end(done),
    cork: () => stdout.cork(),
    uncork: () => stdout.uncork(),
    get destroyed() {
      return stdout.destroyed;
    },
    on: (event, listener) => stdout.on(event, listener),
    once: (event, listener) => stdout.once(event, listener),
  };
  const stdio: Stdio = {
    stream: new JoinedDuplex(stdin, output, {
      reason: async (cause) => cause && new Error(`standard output is closed: ${cause.message}`, { cause }),
      release: async () => void stdin.destroy(),
    }),
    writeError: (text) => new Promise((resolve) => void writeErr(text, () => resolve())),
  };
  stdout.write = stderr.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    if (stdio.onPrint === undefined) writeErr(chunk);
    else stdio.onPrint(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    const done = rest.at(-1);
    if (typeof done === "function") process.nextTick(done as () => void);
    return true;
  };
  return stdio;
}
