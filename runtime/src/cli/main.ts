import { Command } from "commander";
import { hideKeys } from "../base/printable.js";
import { VERSION } from "../base/version.js";
import { addAllCodegenCommands, addCodegenCommands, endCodegenCommand } from "./codegen.js";
import { configureProgram } from "./config/configure-program.js";
import { reportFailure } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";
import { Output } from "./shared/output.js";

type Define = (self: Command, io: CliIo, output: Output) => void;

/**
 * The description and the module of each command. Only the module of the called command is loaded, because sshd starts one
 * process for each session.
 */
const COMMANDS: Readonly<Record<string, readonly [description: string, load: () => Promise<Define>]>> = {
  serve: ["start a server", async () => (await import("./serve.js")).defineServe],
  call: [
    "call a method: sshrpc call ssh://alice@edge:8022 GET /notes/42",
    async () => (await import("./call.js")).defineCall,
  ],
  contract: ["print the contract of a running server", async () => (await import("./contract.js")).defineContract],
  ping: [
    "show how a server answers: round trips, versions, algorithms",
    async () => (await import("./ping.js")).definePing,
  ],
  status: [
    "show connections, calls and keys of a server",
    async () => (await import("./operate/status.js")).defineStatus,
  ],
  top: ["show the status of a server again each second", async () => (await import("./operate/top.js")).defineTop],
  kick: ["end connections of a server", async () => (await import("./operate/kick.js")).defineKick],
  keys: ["manage authorized keys and key pairs", async () => (await import("./keys/keys-command.js")).defineKeys],
};

const CONFIG = "config";
const CONFIG_DESCRIPTION = "show the options of a command, and where each value is from";

/**
 * Runs `sshrpc`. Runs are independent: each has its own commands, and leaves no listener on `io`.
 * @param argv the words after `sshrpc`
 * @returns the exit status: 0 for success, 1 for failure, 2 for an invalid command line, 4 or 5 for the status of a call
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  /** The called command; `help` precedes it. */
  const called = argv.find((word) => !word.startsWith("-") && word !== "help");
  const output = new Output(io);
  let status: number = 0;
  try {
    const program = createProgram(argv, io);
    const all = (): Promise<Command> => createWholeProgram(argv, io, output);
    for (const [name, [description, load]] of Object.entries(COMMANDS)) {
      const command = program.command(name).description(description);
      if (name === called) (await load())(command, io, output);
    }
    const config = program.command(CONFIG).description(CONFIG_DESCRIPTION);
    if (called === CONFIG)
      (await import("./config/config-command.js")).defineConfigCommand(config, { io, output, all });
    await addCodegenCommands(program, { called, argv, io });
    if (called !== CONFIG) configureProgram(program, io, all);
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    status = reportFailure(error, io.stderr);
  }
  const written = await output.close();
  status ||= written;
  endCodegenCommand(called, status, io);
  return status;
}

/** The program with the options of all commands. */
export async function createWholeProgram(argv: readonly string[], io: CliIo, output: Output): Promise<Command> {
  const program = createProgram(argv, io);
  for (const [name, [description, load]] of Object.entries(COMMANDS))
    (await load())(program.command(name).description(description), io, output);
  const all = (): Promise<Command> => createWholeProgram(argv, io, output);
  await addAllCodegenCommands(program, io);
  configureProgram(program, io, all);
  const { defineConfigCommand } = await import("./config/config-command.js");
  defineConfigCommand(program.command(CONFIG).description(CONFIG_DESCRIPTION), { io, output, all });
  return program;
}

function createProgram(argv: readonly string[], { stdout, stderr }: CliIo): Command {
  const program = new Command("sshrpc").description("Typed RPC over SSH").version(VERSION).exitOverride();
  return program.configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(hideKeys(text)),
    outputError: (text, write) => write(`${usageLine(text)}; ${whereHelpIs(program, argv)}\n`),
    getOutHelpWidth: () => (stdout.isTTY ? stdout.columns : undefined) as number,
    getErrHelpWidth: () => (stderr.isTTY ? stderr.columns : undefined) as number,
  });
}

/** A message of commander, in one line. */
function usageLine(text: string): string {
  return hideKeys(text)
    .trim()
    .replace(/^error: /, "sshrpc: ")
    .replaceAll(/\s*\n/g, " ")
    .replace(/\.$/, "");
}

/** Refers to the help of the command that `words` begin with. */
function whereHelpIs(program: Command, words: readonly string[]): string {
  const names = ["sshrpc"];
  let command = program;
  for (const word of words) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    names.push(word);
    command = next;
  }
  return `${names.join(" ")} --help lists ${command.commands.length > 0 ? "commands" : "options"}`;
}
