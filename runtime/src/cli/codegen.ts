import type { Command } from "commander";
import { oneOf } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import { holdsKey } from "../base/printable.js";
import { addTableOptions } from "./config/config-options.js";
import { UsageError } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";

/** The commands of `@sshrpc/codegen`, with their descriptions, and the options that a config file may have for them. */
const COMMANDS: Readonly<Record<string, readonly [description: string, options: readonly string[]]>> = {
  gen: [
    "generate the client, handler types and validators from the schema",
    [
      "--schema <file>",
      "--out <directory>",
      "--no-declaration-map",
      "--load-timeout <ms>",
      "--check",
      "--json",
      "--ci",
    ],
  ],
  dev: [
    "watch the schema, regenerate on change and restart the server",
    ["--schema <file>", "--out <directory>", "--no-declaration-map", "--load-timeout <ms>", "--handlers <file>"],
  ],
  diff: [
    "compare two versions of a contract: what breaks, with a value that shows it",
    [
      ...["--load-timeout <ms>", "--accepted <file>", "--via <transport>", "--identity <file>", "--known-hosts <file>"],
      ...["--json", "--ci"],
    ],
  ],
  lint: [
    "check the schema for names, documentation, bounds, scopes and patterns that cause trouble later",
    ["--load-timeout <ms>", "--max-warnings <number>", "--json", "--ci"],
  ],
  explain: ["explain a rule of lint or diff, or list the rules", []],
};

/** The schema of the project and its output, for the commands without flags for them. */
const PROJECT_OPTIONS = { schema: oneOf("string"), out: oneOf("string") };

/** What commands read in a config file beside their flags; `lint` checks the content of its own. */
const TABLES = {
  lint: { ...PROJECT_OPTIONS, rules: oneOf("object"), ignore: oneOf("array") },
  diff: PROJECT_OPTIONS,
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
    addLoaded(program, await loadCodegen(), io);
    return;
  }
  for (const [name, [description]] of Object.entries(COMMANDS)) program.command(name).description(description);
}

/** Adds these commands with their options; without the package, as far as config files need them. */
export async function addAllCodegenCommands(program: Command, io: CliIo): Promise<void> {
  const codegen = await loadCodegen().catch(() => undefined);
  if (codegen !== undefined) return addLoaded(program, codegen, io);
  for (const [name, [description, options]] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(description);
    for (const flags of options) command.option(flags);
  }
  addTables(program);
}

function addLoaded(program: Command, codegen: CodegenCli, io: CliIo): void {
  codegen.addCommands(program, io);
  addTables(program);
}

function addTables({ commands }: Command): void {
  for (const command of commands) {
    if (Object.hasOwn(TABLES, command.name())) addTableOptions(command, TABLES[command.name() as keyof typeof TABLES]);
  }
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
