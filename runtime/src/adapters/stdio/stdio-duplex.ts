import { type ByteSink, JoinedDuplex } from "../../joined-duplex.js";

/**
 * Takes standard input and output of this process as a duplex to whoever started it. From now on they are nobody else's:
 * what anything here prints, as `console.log` does, goes to standard error, where it cannot break the other side's frames.
 * Called once in a process; whoever calls it destroys the duplex.
 * @throws Error where they are a terminal
 */
export function takeStdio(): JoinedDuplex {
  const { stdin, stdout, stderr } = process;
  if (stdin.isTTY || stdout.isTTY) {
    throw new Error(
      "--stdio is for sshd to run, not for a terminal: name it in sshd_config as Subsystem sshrpc, or as command= in authorized_keys",
    );
  }
  // sshd may close it, and a log that cannot be written is no reason to end.
  stderr.on("error", () => undefined);
  const output: ByteSink = {
    write: stdout.write.bind(stdout) as ByteSink["write"],
    end: (done) => stdout.end(done),
    cork: () => stdout.cork(),
    uncork: () => stdout.uncork(),
    get destroyed() {
      return stdout.destroyed;
    },
    on: (event, listener) => stdout.on(event, listener),
    once: (event, listener) => stdout.once(event, listener),
  };
  stdout.write = stderr.write.bind(stderr);
  return new JoinedDuplex(stdin, output, {
    reason: async (cause) => cause && new Error(`standard output is closed: ${cause.message}`, { cause }),
    release: async () => void stdin.destroy(),
  });
}
