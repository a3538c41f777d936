// The command line, as the commands define it for commander, which prints `--help` from the same definitions.
import { optionsOf } from "../../runtime/src/cli/config/config-options.js";
import { createWholeProgram } from "../../runtime/src/cli/main.js";
import { Output } from "../../runtime/src/cli/shared/output.js";

type Command = Awaited<ReturnType<typeof createWholeProgram>>;

/** An argument or a flag of a command. */
export interface Flag {
  readonly name: string;
  /** For readers; absent where the text has it, or there is none. */
  readonly default?: string;
  /** Its name in a config file; absent where a file cannot set it. */
  readonly key?: string;
  /** Its environment variable; absent where the environment cannot set it. */
  readonly env?: string;
  readonly isRequired: boolean;
  readonly text: string;
}

/** An option of a config file and the environment that has no flag. */
export interface FileOption {
  readonly key: string;
  readonly env: string;
}

/** A command of `sshrpc`, such as `keys add`. */
export interface CommandReference {
  readonly name: string;
  readonly text: string;
  readonly usage: string;
  readonly arguments: readonly Flag[];
  readonly flags: readonly Flag[];
  readonly others: readonly FileOption[];
}

/** Every command, in the order of `sshrpc --help`; those of a group follow it. */
export async function readCommands(): Promise<readonly CommandReference[]> {
  const program = await createWholeProgram([], process, new Output(process));
  return program.commands.flatMap((command) => referencesOf(command, []));
}

function referencesOf(command: Command, parents: readonly string[]): CommandReference[] {
  const path = [...parents, command.name()];
  if (command.commands.length > 0) return command.commands.flatMap((child) => referencesOf(child, path));
  const name = path.join(" ");
  const options = optionsOf(command);
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
      flags: command.options.map((option) => {
        const { key, env, isInFile } =
          options.find(({ flag, negative }) => flag === option || negative === option) ?? {};
        const isConfig = name === "config";
        return {
          name: option.flags,
          ...(option.negate ? {} : defaultOf(option.defaultValue)),
          ...(key !== undefined && isInFile && !isConfig && { key }),
          ...(env !== undefined && !isConfig && { env }),
          isRequired: option.mandatory,
          text: withChoices(option.description, option.argChoices),
        };
      }),
      others: options.flatMap(({ key, env, flag, negative }) =>
        flag === undefined && negative === undefined && env !== undefined ? [{ key, env }] : [],
      ),
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
