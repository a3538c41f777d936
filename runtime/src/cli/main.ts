import { Command } from "commander";
import { VERSION } from "../agent.js";
import { addCallCommand } from "./call.js";
import { addCodegenCommands } from "./codegen.js";
import { reportFailure } from "./failure.js";
import { addKeysCommands } from "./keys/keys-command.js";
import { addServeCommand } from "./serve.js";

/** `sshrpc`: one file a command. Exit status: 0 done, 1 it failed, 2 the command line is wrong. */
const program = new Command("sshrpc")
  .description("Typed RPC over SSH")
  .version(VERSION)
  .configureOutput({ outputError: (text, write) => write(`${usageLine(text)}; sshrpc --help lists the commands\n`) })
  .exitOverride();

/** What commander says, in one line. */
function usageLine(text: string): string {
  return text
    .trim()
    .replace(/^error: /, "sshrpc: ")
    .replaceAll(/\s*\n/g, " ")
    .replace(/\.$/, "");
}

try {
  addServeCommand(program);
  addCallCommand(program);
  addKeysCommands(program);
  await addCodegenCommands(program, process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
