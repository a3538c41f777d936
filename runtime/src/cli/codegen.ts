import type { Command } from "commander";
import { errorMessage } from "../base/error-message.js";

/** What `@sshrpc/codegen` adds, with what each is for. */
const COMMANDS = {
  gen: "generate the client, the handler types and the validators from the schema",
  dev: "regenerate on every save, and restart the server",
};

/** What `@sshrpc/codegen/cli` exports. */
interface CodegenCli {
  addCommands(program: Command): void;
}

/**
 * Adds the commands that `@sshrpc/codegen` carries out. That package is loaded only when one of them is called, for it
 * brings a compiler along; a production server does not install it.
 */
export async function addCodegenCommands(program: Command, called: string | undefined): Promise<void> {
  if (called !== undefined && Object.hasOwn(COMMANDS, called)) {
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
    // Where it is there, and something that it needs is not, its path stands in the message, too.
    if (!/^Cannot find package '@sshrpc\/codegen'/.test(errorMessage(error))) throw error;
    throw new Error("this command comes with a package of its own: npm install --save-dev @sshrpc/codegen", {
      cause: error,
    });
  }
}
