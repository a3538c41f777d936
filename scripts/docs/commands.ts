// The command line, as the commands define it for commander, which prints `--help` from the same definitions.
import { createRequire } from "node:module";
import { addCommands } from "../../codegen/src/cli/commands.js";
import { defineCall } from "../../runtime/src/cli/call.js";
import { defineContract } from "../../runtime/src/cli/contract.js";
import { defineKeys } from "../../runtime/src/cli/keys/keys-command.js";
import { defineKick } from "../../runtime/src/cli/operate/kick.js";
import { defineStatus } from "../../runtime/src/cli/operate/status.js";
import { defineTop } from "../../runtime/src/cli/operate/top.js";
import { definePing } from "../../runtime/src/cli/ping.js";
import { defineServe } from "../../runtime/src/cli/serve.js";
import { Output } from "../../runtime/src/cli/shared/output.js";

type Command = Parameters<typeof defineServe>[0];

/** The commander of the runtime, not one that another package has installed beside it. */
const commander: { readonly Command: new (name: string) => Command } = createRequire(
  new URL("../../runtime/package.json", import.meta.url),
)("commander");

/** An argument or a flag of a command. */
export interface Flag {
  readonly name: string;
  /** For readers; absent where the text has it, or there is none. */
  readonly default?: string;
  readonly isRequired: boolean;
  readonly text: string;
}

/** A command of `sshrpc`, such as `keys add`. */
export interface CommandReference {
  readonly name: string;
  readonly text: string;
  readonly usage: string;
  readonly arguments: readonly Flag[];
  readonly flags: readonly Flag[];
}

/** Every command, in the order of `sshrpc --help`; those of a group follow it. */
export function readCommands(): readonly CommandReference[] {
  const program = new commander.Command("sshrpc");
  defineServe(program.command("serve"), process);
  defineCall(program.command("call"), process, new Output(process));
  defineContract(program.command("contract"), process, new Output(process));
  definePing(program.command("ping"), process, new Output(process));
  defineStatus(program.command("status"), process, new Output(process));
  defineTop(program.command("top"), process, new Output(process));
  defineKick(program.command("kick"), process, new Output(process));
  defineKeys(program.command("keys"), process);
  addCommands(program, process);
  return program.commands.flatMap((command) => referencesOf(command, []));
}

function referencesOf(command: Command, parents: readonly string[]): CommandReference[] {
  const path = [...parents, command.name()];
  if (command.commands.length > 0) return command.commands.flatMap((child) => referencesOf(child, path));
  const name = path.join(" ");
  return [
    {
      name,
      text: command.description(),
      usage: `sshrpc ${name} ${command.usage()}`,
      arguments: command.registeredArguments.map((argument) => ({
        name: argument.name(),
        ...defaultOf(argument.defaultValue),
        isRequired: argument.required,
        text: withChoices(argument.description, argument.argChoices),
      })),
      flags: command.options.map((option) => ({
        name: option.flags,
        ...(option.negate ? {} : defaultOf(option.defaultValue)),
        isRequired: option.mandatory,
        text: withChoices(option.description, option.argChoices),
      })),
    },
  ];
}

function withChoices(text: string, choices: readonly string[] | undefined): string {
  if (choices === undefined) return text;
  return `${text === "" ? "" : `${text}: `}${choices.map((choice) => `\`${choice}\``).join(", ")}`;
}

function defaultOf(value: unknown): { readonly default?: string } {
  return value === undefined || typeof value === "boolean" ? {} : { default: String(value) };
}
