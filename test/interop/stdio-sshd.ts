import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { sshTransport } from "../../runtime/src/compose/ssh-transport.js";
import type { OpensshOptions } from "../../runtime/src/openssh/openssh-options.js";
import { opensshTransport } from "../../runtime/src/openssh/openssh-transport.js";
import type { DialOptions } from "../../runtime/src/ssh/client/dial-options.js";
import { type ConformanceClient, connect } from "../conformance/generated/client.js";
import { ReplayedWaits } from "../conformance/journal.js";
import { bundle } from "../support/bundle.js";
import { tempDir } from "../unit/runtime/ssh/support.js";
import { type Outcome, run } from "./run.js";
import { type Sshd, type SshdOptions, startSshd, USER } from "./sshd.js";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const HANDLERS = path("./stdio-handlers.ts");
/** Bundled, it starts in two thirds of the time: each session starts one. */
const BIN = path("../../runtime/bin/sshrpc.js");

/** A stock sshd that starts `sshrpc serve --stdio`, and clients of it. */
export interface StdioSshd extends Sshd {
  /** The events that its servers report. */
  readonly waits: ReplayedWaits;
  /** The log file of its servers. */
  readonly serverLog: string;
  readonly overOpenssh: (options?: DialOptions & OpensshOptions) => Promise<ConformanceClient>;
  readonly overSsh2: (options?: DialOptions) => Promise<ConformanceClient>;
  /** Runs the stock client. */
  readonly ssh: (args: readonly string[], input?: string) => Promise<Outcome>;
}

/** A command line that starts a server, for the login shell of {@link USER}. */
export type Serve = (flags: string) => string;

/** Starts them. @param sshd returns the options of sshd, given a function that returns the command line of a server */
export async function startStdioSshd(
  sshd: (serve: Serve) => SshdOptions = (serve) => ({ config: [`Subsystem sshrpc ${serve("--scopes items:\\*")}`] }),
  handlers?: string,
): Promise<StdioSshd> {
  const directory = tempDir();
  // Each session loads the handlers: compiled ones, as in production.
  const compiled = join(directory, "handlers.mjs");
  if (handlers === undefined) await bundle(HANDLERS, compiled);
  const program = join(directory, "sshrpc.mjs");
  await bundle(BIN, program);
  const serverLog = join(directory, "server.log");
  const command = `SSHRPC_TEST=${directory} exec ${process.execPath} ${program}`;
  const started = await startSshd(
    sshd((flags) => `${command} serve --stdio --handlers ${handlers ?? compiled} --log ${serverLog} ${flags}`),
  );
  const { address, key, knownHosts, options } = started;
  const common = { identity: key.file, knownHosts, agent: false, sshConfig: false } as const;
  const client = async (transport: Parameters<typeof connect>[0]): Promise<ConformanceClient> => {
    const made = await connect(transport, { reconnect: false, retries: 0 });
    onTestFinished(() => made.close());
    return made;
  };
  return {
    ...started,
    waits: new ReplayedWaits(join(directory, "journal")),
    serverLog,
    overOpenssh: (more = {}) => client(opensshTransport(address, { ...common, ...more })),
    overSsh2: (more = {}) => client(sshTransport(address, { ...common, ...more })),
    ssh: (args, input) => run("ssh", [...options, `${USER}@127.0.0.1`, ...args], input),
  };
}
