import type { Command } from "commander";
import { Generator } from "../generate.js";
import { SchemaProblem } from "../problem.js";
import { addGenFlags, type GenFlags, generateOptions } from "./gen-options.js";
import { describeError, describeResult } from "./report.js";

/** Adds `sshrpc gen`. Exit status: 1 where the schema is wrong, or `--check` finds the output not current. */
export function addGenCommand(program: Command): void {
  const command = program
    .command("gen")
    .description("generate the client, the handler types and the validators from the schema");
  addGenFlags(command)
    .option("--check", "write nothing; exit with status 1 where the output is not current")
    .action(async ({ check, ...flags }: GenFlags & { readonly check?: boolean }) => {
      const generator = new Generator(generateOptions(flags));
      try {
        if (check === true) await reportCheck(generator);
        else process.stdout.write(`${describeResult(await generator.run())}\n`);
      } catch (error) {
        if (!(error instanceof SchemaProblem)) throw error;
        // A schema that failed, or still runs, may have left something open that would keep the process alive.
        process.stderr.write(`${describeError(error)}\n`, () => process.exit(1));
      }
    });
}

async function reportCheck(generator: Generator): Promise<void> {
  const { out, written, removed, milliseconds } = await generator.check();
  const differing = [...written, ...removed];
  if (differing.length === 0) {
    process.stdout.write(`${out}: current (${milliseconds} ms)\n`);
    return;
  }
  process.stderr.write(`${out}: not current: ${differing.join(", ")}; run "sshrpc gen"\n`);
  process.exitCode = 1;
}
