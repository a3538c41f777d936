import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { SchemaProblem } from "../base/problem.js";
import type { DiffReport } from "../diff/report/diff-report.js";
import type { ServerOptions } from "../diff/sources/source.js";
import { LOAD_TIMEOUT, resolveOptions } from "../options.js";
import { addLoadFlags, type GenFlags, generateOptions } from "./gen-options.js";
import type { CodegenIo } from "./io.js";
import { annotationOf, ReportedFailure, reportProblems } from "./report.js";

interface DiffFlags extends Pick<GenFlags, "schema" | "out" | "loadTimeout"> {
  readonly accepted?: string;
  readonly via: "ssh2" | "ssh";
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly json?: boolean;
  readonly ci?: boolean;
}

/** Adds `sshrpc diff`. Exit status: 1 if a change breaks that is not accepted, 2 if a contract cannot be loaded. */
export function addDiffCommand(program: Command, io: CodegenIo): void {
  const command = program
    .command("diff")
    .description("compare two versions of a contract: what breaks, with a value that shows it")
    .argument("<old>", "contract of the clients in use: api.json, schema, folder, git:REF[:path] or ssh://host")
    .argument("[new]", "contract of the new server, in the same forms (default: the schema of the project)");
  addLoadFlags(command)
    .option("--accepted <file>", "accepted breaks, as JSON (default: sshrpc.accepted.json, if it exists)")
    .addOption(
      new Option("--via <transport>", "for ssh://host: ssh2 (built in), or the system's ssh program")
        .choices(["ssh2", "ssh"])
        .default("ssh2"),
    )
    .option("--identity <file>", "for ssh://host: private key (default: keys of the agent, then ~/.ssh/id_*)")
    .option("--known-hosts <file>", "for ssh://host: trusted host keys (default: those of ssh)")
    .option("--json", "print the changes as JSON on standard output")
    .option("--ci", "print breaking and unknown changes as annotations of GitHub Actions, too")
    .action((old: string, next: string | undefined, flags: DiffFlags) => diff({ old, new: next }, flags, io));
}

async function diff(
  sources: { readonly old: string; readonly new: string | undefined },
  flags: DiffFlags,
  io: CodegenIo,
): Promise<void> {
  const options = generateOptions(flags, io.cwd());
  const { runDiff } = await import("../diff/run-diff.js");
  const run = {
    ...resolveOptions(options),
    loadTimeout: options.loadTimeout ?? LOAD_TIMEOUT,
    accepted: flags.accepted,
    server: serverOptions(flags, io),
  };
  const report = await runDiff(sources, run).catch((error: unknown) => refuse(error, flags, io));
  await print(report, flags, io);
  if (report.isBreaking) throw new ReportedFailure();
}

function serverOptions({ via, identity, knownHosts }: DiffFlags, io: CodegenIo): ServerOptions {
  return {
    transport: via === "ssh" ? "openssh" : "ssh2",
    ...(identity === undefined ? {} : { identity: resolve(io.cwd(), identity) }),
    ...(knownHosts === undefined ? {} : { knownHosts: resolve(io.cwd(), knownHosts) }),
  };
}

async function print(report: DiffReport, { json, ci }: DiffFlags, io: CodegenIo): Promise<void> {
  const [{ describeDiff, describeWitness, summarize }, { jsonReport }, { locator }] = await Promise.all([
    import("../diff/report/describe-diff.js"),
    import("../diff/report/json-report.js"),
    import("../diff/report/locate.js"),
  ]);
  io.stdout.write(json === true ? `${JSON.stringify(jsonReport(report))}\n` : describeDiff(report));
  if (ci !== true) return;
  const at = locator(report.new);
  for (const change of report.changes) {
    const { verdict, method, rule, witness, reason, accepted } = change;
    if (accepted !== undefined || (verdict !== "breaking" && verdict !== "unknown")) continue;
    const details = witness === undefined ? reason : describeWitness(witness);
    const message = [summarize(change), ...(details === undefined ? [] : [details])].join("\n");
    const level = verdict === "breaking" ? "error" : "warning";
    const problem = { at: at(change), path: method, message };
    io.stderr.write(`${annotationOf(problem, { level, title: `sshrpc diff ${rule}`, cwd: io.cwd() })}\n`);
  }
}

/** Reports a schema that `gen` refuses, too. */
function refuse(error: unknown, { json, ci }: DiffFlags, io: CodegenIo): never {
  if (!(error instanceof SchemaProblem)) throw error;
  reportProblems(error, { json, ci, title: "sshrpc diff" }, io);
  throw new ReportedFailure(2);
}
