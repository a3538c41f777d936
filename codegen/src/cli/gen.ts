import type { Command } from "commander";
import { SchemaProblem } from "../base/problem.js";
import type { GenerateResult } from "../generate.js";
import { checkOutput, generate } from "../generate-once.js";
import { addGenFlags, type GenFlags, generateOptions } from "./gen-options.js";
import type { CodegenIo } from "./io.js";
import { describeResult, ReportedFailure, reportProblems } from "./report.js";

interface GenCommandFlags extends GenFlags {
  readonly check?: boolean;
  readonly json?: boolean;
  readonly ci?: boolean;
}

/** Adds `sshrpc gen`. Exit status: 1 if the schema is invalid or `--check` finds outdated files. */
export function addGenCommand(program: Command, io: CodegenIo): void {
  const command = program
    .command("gen")
    .description("generate the client, handler types and validators from the schema");
  addGenFlags(command)
    .option("--check", "write nothing; exit with status 1 if generated files are out of date")
    .option("--json", "print the result, or the problems of the schema, as JSON on standard output")
    .option("--ci", "print problems as annotations of GitHub Actions, too")
    .action((flags: GenCommandFlags) => gen(flags, io));
}

async function gen({ check, json, ci, ...flags }: GenCommandFlags, io: CodegenIo): Promise<void> {
  const options = generateOptions(flags, io.cwd());
  try {
    const result = await (check === true ? checkOutput(options) : generate(options));
    const isOutdated = check === true && result.written.length + result.removed.length > 0;
    if (json === true) io.stdout.write(`${JSON.stringify({ ok: !isOutdated, ...result })}\n`);
    else if (check === true) reportCheck(result, io);
    else io.stdout.write(`${describeResult(result)}\n`);
    if (isOutdated) throw new ReportedFailure();
  } catch (error) {
    if (!(error instanceof SchemaProblem)) throw error;
    reportProblems(error, { json, ci, title: "sshrpc gen" }, io);
    throw new ReportedFailure();
  }
}

function reportCheck({ out, written, removed, milliseconds }: GenerateResult, io: CodegenIo): void {
  const differing = [...written, ...removed];
  if (differing.length === 0) io.stdout.write(`${out}: up to date (${milliseconds} ms)\n`);
  else io.stderr.write(`${out}: out of date: ${differing.join(", ")}; run "sshrpc gen"\n`);
}
