import { text } from "node:stream/consumers";
import { Argument, type Command } from "commander";
import { callPath } from "../client/call-path.js";
import { VERBS, type Verb } from "../contract/verb.js";
import { sshTransport } from "../ssh/dial.js";
import { printable } from "../ssh/printable.js";
import { terminalPrompts } from "../terminal/prompts.js";
import { durationFrom } from "./duration.js";
import { UsageError } from "./failure.js";

interface CallFlags {
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly timeout?: number;
}

/** `sshrpc call ssh://user@host:port VERB PATH [JSON]`: one call; what it answers goes to standard output, a JSON a line. */
export function addCallCommand(program: Command): void {
  program
    .command("call")
    .description("call a method: sshrpc call ssh://alice@edge:8022 GET /notes/42")
    .argument("<address>", "the server, as ssh://user@host:port")
    .addArgument(new Argument("<verb>").choices(VERBS))
    .argument("<path>", "the resource, such as /notes/42")
    .argument("[json]", 'the request, such as \'{"text":"hi"}\'; - reads it from standard input', "{}")
    .option("--identity <file>", "the private key to log in with (default: the agent's keys, then ~/.ssh/id_*)")
    .option("--known-hosts <file>", "the host keys to trust (default: ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts)")
    .option("--timeout <duration>", "how long the call may take, such as 500ms or 2m (default: 30s)", durationFrom(1))
    .action(call);
}

async function call(address: string, verb: Verb, path: string, json: string, flags: CallFlags): Promise<void> {
  const { identity, knownHosts, timeout } = flags;
  const request = parseRequest(json === "-" ? await text(process.stdin) : json);
  const transport = sshTransport(address, {
    ...terminalPrompts(),
    ...(identity !== undefined && { identity }),
    ...(knownHosts !== undefined && { knownHosts }),
  });
  const print = (value: unknown): void => {
    process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0)}\n`);
  };
  const response = await callPath(transport, verb, path, request, { timeout, onItem: print });
  if (response !== undefined) print(response);
}

function parseRequest(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`the request is no JSON: ${printable((error as Error).message)}`);
  }
}
