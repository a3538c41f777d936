import { Command } from "commander";
import { hideKeys } from "../base/printable.js";
import { VERSION } from "../base/version.js";
import { addCodegenCommands } from "./codegen.js";
import { reportFailure } from "./shared/failure.js";
import { guardOutput } from "./shared/guard-output.js";

/**
 * What each command is for, and what gives it its options and its work: loaded where it is called, for sshd starts a process
 * for each session, and no command should wait for what others need.
 */
const COMMANDS: Readonly<Record<string, readonly [description: string, load: () => Promise<(self: Command) => void>]>> =
  {
    serve: ["serve the handlers of a file", async () => (await import("./serve.js")).defineServe],
    call: [
      "call a method: sshrpc call ssh://alice@edge:8022 GET /notes/42",
      async () => (await import("./call.js")).defineCall,
    ],
    keys: [
      "who may connect: init, add, list, show, remove, purge, generate, public",
      async () => (await import("./keys/keys-command.js")).defineKeys,
    ],
  };

/** `sshrpc`: one file a command. Exit status: 0 done, 1 it failed, 2 the command line is wrong. */
const program = new Command("sshrpc")
  .description("Typed RPC over SSH")
  .version(VERSION)
  .configureOutput({
    outputError: (text, write) => write(`${usageLine(text)}; ${whereHelpIs(process.argv.slice(2))}\n`),
  })
  .exitOverride();

/** What commander says, in one line. */
function usageLine(text: string): string {
  return hideKeys(text)
    .trim()
    .replace(/^error: /, "sshrpc: ")
    .replaceAll(/\s*\n/g, " ")
    .replace(/\.$/, "");
}

/** Names the help of the command that the words begin with. */
function whereHelpIs(words: readonly string[]): string {
  const names = ["sshrpc"];
  let command: Command = program;
  for (const word of words) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    names.push(word);
    command = next;
  }
  return `${names.join(" ")} --help lists ${command.commands.length > 0 ? "the commands" : "what it takes"}`;
}

/** `help` comes before the command that it is about. */
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
