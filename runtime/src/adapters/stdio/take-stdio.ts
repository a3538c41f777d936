import { type ByteSink, JoinedDuplex } from "../../base/joined-duplex.js";

/** The standard streams of this process, for one connection alone. */
export interface Stdio {
  /** Standard input and output. Its consumer destroys it. */
  readonly stream: JoinedDuplex;
  /** Writes to standard error. Resolves when the text is written, or cannot be. */
  writeError(text: string): Promise<void>;
  /** Passes other output of the process, such as that of `console.log`, to `print`, in place of standard error. */
  redirectOutput(print: (text: string) => void): void;
}

type Write = (chunk: Uint8Array | string, done?: (error?: Error | null) => void) => boolean;

/**
 * Takes the standard streams for one connection to the parent process. Other output of the process is redirected, so that it
 * cannot corrupt frames or be read as a response. Called once per process.
 */
export function takeStdio(): Stdio {
  const { stdin, stdout, stderr } = process;
  const writeOut = stdout.write.bind(stdout) as Write;
  const writeErr = stderr.write.bind(stderr) as Write;
  // sshd may close standard error; a failed write of the log must not end the process.
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
  let print = (chunk: Uint8Array | string): void => void writeErr(chunk);
  stdout.write = stderr.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    print(chunk);
    const done = rest.at(-1);
    if (typeof done === "function") process.nextTick(done as () => void);
    return true;
  };
  return {
    stream: new JoinedDuplex(stdin, output, {
      reason: async (cause) => cause && new Error(`standard output is closed: ${cause.message}`, { cause }),
      release: async () => void stdin.destroy(),
    }),
    writeError: (text) => new Promise((resolve) => void writeErr(text, () => resolve())),
    redirectOutput(printText) {
      print = (chunk) => printText(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    },
  };
}
