import type { Command } from "commander";
import { SchemaProblem } from "../base/problem.js";
import { type GenerateResult, Generator } from "../generate.js";
import { addGenFlags, type GenFlags, generateOptions } from "./gen-options.js";
import { describeError, describeResult } from "./report.js";

/** Adds `sshrpc gen`. Exit status: 1 where the schema is invalid or `--check` finds outdated files. */
export function addGenCommand(program: Command): void {
  const command = program
    .command("gen")
    .description("generate the client, handler types and validators from the schema");
  addGenFlags(command)
    .option("--check", "write nothing; exit with status 1 if generated files are out of date")
    .action(async ({ check, ...flags }: GenFlags & { readonly check?: boolean }) => {
      const generator = new Generator(generateOptions(flags));
      try {
        if (check === true) reportCheck(await generator.check());
        else end(0, describeResult(await generator.run()));
      } catch (error) {
        if (error instanceof SchemaProblem) {
          end(1, describeError(error));
          return;
        }
        // After the command has reported the error, and before the next turn of the event loop.
        process.nextTick(() => process.stderr.write("", () => exit()));
        throw error;
      }
    });
}

function reportCheck({ out, written, removed, milliseconds }: GenerateResult): void {
  const differing = [...written, ...removed];
  if (differing.length === 0) end(0, `${out}: up to date (${milliseconds} ms)`);
  else end(1, `${out}: out of date: ${differing.join(", ")}; run "sshrpc gen"`);
}

function end(status: 0 | 1, line: string): void {
  process.exitCode = status;
  // An "error" listener, which may set another status, runs after this callback.
  (status === 0 ? process.stdout : process.stderr).write(`${line}\n`, (error) => (error ? setImmediate(exit) : exit()));
}

/** Exits at once: a timer or listener of the schema could keep the process alive or change its exit status. */
function exit(): never {
  process.removeAllListeners("exit");
  process.exit();
}
