import type { Command } from "commander";
import { errorMessage } from "../base/error-message.js";
import { holdsKey } from "../base/printable.js";
import { UsageError } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";

/** The commands of `@sshrpc/codegen`, with their descriptions. */
const COMMANDS = {
  gen: "generate the client, handler types and validators from the schema",
  dev: "watch the schema, regenerate on change and restart the server",
  diff: "compare two versions of a contract: what breaks, with a value that shows it",
  lint: "check the schema for names, documentation, bounds, scopes and patterns that cause trouble later",
  explain: "explain a rule of lint or diff, or list the rules",
};

/** The exports of `@sshrpc/codegen/cli`. */
interface CodegenCli {
  addCommands(program: Command, io: CliIo): void;
}

/** One run of `sshrpc`. */
interface Run {
  /** The called command. */
  readonly called: string | undefined;
  readonly argv: readonly string[];
  readonly io: CliIo;
}

/**
 * Adds the commands of `@sshrpc/codegen`. The package is loaded only for these commands, because it depends on a compiler,
 * and production servers do not install it.
 */
export async function addCodegenCommands(program: Command, { called, argv, io }: Run): Promise<void> {
  if (isCodegenCommand(called)) {
    // The package takes paths alone, and its messages quote them.
    if (argv.some(holdsKey)) throw new UsageError(`${called}: an argument is the text of a key; expected paths`);
    const codegen = await loadCodegen();
    codegen.addCommands(program, io);
    return;
  }
  for (const [name, description] of Object.entries(COMMANDS)) program.command(name).description(description);
}

/**
 * Ends the process at once after a command of `@sshrpc/codegen`: a timer or listener of the schema could keep the process
 * alive or change its exit status.
 */
export function endCodegenCommand(called: string | undefined, status: number, io: CliIo): void {
  if (!isCodegenCommand(called)) return;
  io.removeAllListeners("exit");
  io.exit(status);
}

function isCodegenCommand(called: string | undefined): boolean {
  return called !== undefined && Object.hasOwn(COMMANDS, called);
}

async function loadCodegen(): Promise<CodegenCli> {
  const name = "@sshrpc/codegen/cli";
  try {
    return (await import(name)) as CodegenCli;
  } catch (error) {
    // If the package is installed and one of its dependencies is missing, the message names the dependency.
    if (!/^Cannot find package '@sshrpc\/codegen'/.test(errorMessage(error))) throw error;
    throw new Error("this command requires @sshrpc/codegen: npm install --save-dev @sshrpc/codegen", {
      cause: error,
    });
  }
}
