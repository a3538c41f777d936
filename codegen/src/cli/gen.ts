import type { Command } from "commander";
import { SchemaProblem } from "../base/problem.js";
import { type GenerateResult, Generator } from "../generate.js";
import { addGenFlags, type GenFlags, generateOptions } from "./gen-options.js";
import type { CodegenIo } from "./io.js";
import { describeError, describeResult, ReportedFailure } from "./report.js";

interface GenCommandFlags extends GenFlags {
  readonly check?: boolean;
}

/** Adds `sshrpc gen`. Exit status: 1 if the schema is invalid or `--check` finds outdated files. */
export function addGenCommand(program: Command, io: CodegenIo): void {
  const command = program
    .command("gen")
    .description("generate the client, handler types and validators from the schema");
  addGenFlags(command)
    .option("--check", "write nothing; exit with status 1 if generated files are out of date")
    .action((flags: GenCommandFlags) => gen(flags, io));
}

async function gen({ check, ...flags }: GenCommandFlags, io: CodegenIo): Promise<void> {
  await using generator = new Generator(generateOptions(flags, io.cwd()));
  try {
    if (check === true) reportCheck(await generator.check(), io);
    else io.stdout.write(`${describeResult(await generator.run())}\n`);
  } catch (error) {
    if (!(error instanceof SchemaProblem)) throw error;
    io.stderr.write(`${describeError(error)}\n`);
    throw new ReportedFailure();
  }
}

function reportCheck({ out, written, removed, milliseconds }: GenerateResult, io: CodegenIo): void {
  const differing = [...written, ...removed];
  if (differing.length === 0) {
    io.stdout.write(`${out}: up to date (${milliseconds} ms)\n`);
    return;
  }
  io.stderr.write(`${out}: out of date: ${differing.join(", ")}; run "sshrpc gen"\n`);
  throw new ReportedFailure();
}
