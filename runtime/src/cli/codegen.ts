import type { Command } from "commander";
import { errorMessage } from "../base/error-message.js";
import { holdsKey } from "../base/printable.js";
import { UsageError } from "./shared/failure.js";

/** The commands of `@sshrpc/codegen`, with their descriptions. */
const COMMANDS = {
  gen: "generate the client, handler types and validators from the schema",
  dev: "watch the schema, regenerate on change and restart the server",
};

/** The exports of `@sshrpc/codegen/cli`. */
interface CodegenCli {
  addCommands(program: Command): void;
}

/**
 * Adds the commands of `@sshrpc/codegen`. The package is loaded only for these commands, because it depends on a compiler,
 * and production servers do not install it.
 */
export async function addCodegenCommands(program: Command, called: string | undefined): Promise<void> {
  if (called !== undefined && Object.hasOwn(COMMANDS, called)) {
    // The package takes paths alone, and its messages quote them.
    if (process.argv.some(holdsKey))
      throw new UsageError(`${called}: an argument is the text of a key; expected paths`);
    const codegen = await loadCodegen();
    codegen.addCommands(program);
    return;
  }
  for (const [name, description] of Object.entries(COMMANDS)) program.command(name).description(description);
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
