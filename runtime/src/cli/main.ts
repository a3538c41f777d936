import { Command } from "commander";
import { hideKeys } from "../base/printable.js";
import { VERSION } from "../base/version.js";
import { addCodegenCommands } from "./codegen.js";
import { reportFailure } from "./shared/failure.js";
import { guardOutput } from "./shared/guard-output.js";

/**
 * The description and the module of each command. Only the module of the called command is loaded, because sshd starts one
 * process for each session.
 */
const COMMANDS: Readonly<Record<string, readonly [description: string, load: () => Promise<(self: Command) => void>]>> =
  {
    serve: ["start a server", async () => (await import("./serve.js")).defineServe],
    call: [
      "call a method: sshrpc call ssh://alice@edge:8022 GET /notes/42",
      async () => (await import("./call.js")).defineCall,
    ],
    keys: ["manage authorized keys and key pairs", async () => (await import("./keys/keys-command.js")).defineKeys],
  };

/** `sshrpc`. Exit status: 0 for success, 1 for failure, 2 for an invalid command line. */
const program = new Command("sshrpc")
  .description("Typed RPC over SSH")
  .version(VERSION)
  .configureOutput({
    outputError: (text, write) => write(`${usageLine(text)}; ${whereHelpIs(process.argv.slice(2))}\n`),
  })
  .exitOverride();

/** A message of commander, in one line. */
function usageLine(text: string): string {
  return hideKeys(text)
    .trim()
    .replace(/^error: /, "sshrpc: ")
    .replaceAll(/\s*\n/g, " ")
    .replace(/\.$/, "");
}

/** Refers to the help of the command that `words` begin with. */
function whereHelpIs(words: readonly string[]): string {
  const names = ["sshrpc"];
  let command: Command = program;
  for (const word of words) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    names.push(word);
    command = next;
  }
  return `${names.join(" ")} --help lists ${command.commands.length > 0 ? "commands" : "options"}`;
}

/** The called command; `help` precedes it. */
const called = process.argv.slice(2).find((word) => !word.startsWith("-") && word !== "help");

guardOutput();
try {
  for (const [name, [description, load]] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(description);
    if (name === called) (await load())(command);
  }
  await addCodegenCommands(program, called);
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
