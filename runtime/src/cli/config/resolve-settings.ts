import type { Command } from "commander";
import { nearest } from "../../base/nearest.js";
import { printable } from "../../base/printable.js";
import { wrongType } from "../../base/wrong-type.js";
import { UsageError } from "../shared/failure.js";
import type { CliIo } from "../shared/io.js";
import { aliasOf, type ConfigOption, optionsOf, pathOfCommand, VARIABLE } from "./config-options.js";
import { type ConfigFile, loadConfig } from "./load-config.js";
import { InvalidValue, valueOfFile, valueOfText } from "./option-values.js";
import { type Setting, Settings } from "./settings.js";

/** Where the options of a command come from, beside its command line. */
interface Sources {
  readonly io: Pick<CliIo, "cwd" | "env">;
  /** The programs of all commands: an option of the config file may belong to another one. */
  readonly all: () => Promise<Command>;
  /** Runs a config file of code again. Default: false. */
  readonly isFresh?: boolean;
}

/**
 * The commands that find the config file in the working directory: they run code of that directory, or edit files in it. Others
 * read a file that the command line or the environment names, because it could name another known_hosts.
 */
const FINDERS: readonly string[] = ["serve", "gen", "dev", "lint", "diff", "keys"];

/**
 * Resolves the options of a command that commander has parsed: flag before environment before config file before default. With
 * `--stdio` the environment sets nothing, and a config file is read only where `--config` names it: the client of sshd may set variables, and
 * own the working directory.
 * @throws UsageError with all problems, one in each line
 */
export async function resolveSettings(command: Command, sources: Sources): Promise<Settings> {
  const { io } = sources;
  const options = optionsOf(command);
  const isStdio = command.getOptionValue("stdio") === true;
  const names = Object.keys(io.env).filter((name) => name.startsWith(VARIABLE) && io.env[name] !== "");
  const env = isStdio ? {} : io.env;
  const file = await findFile(command, isStdio, { ...sources, env });
  const problems: string[] = [];
  const inFile = file === undefined ? new Map() : await readFileValues({ command, options, file }, sources, problems);
  const settings = options.map((option): Setting => {
    const { key } = option;
    if (command.getOptionValueSource(key) === "cli") {
      const value: unknown = command.getOptionValue(key);
      const flag = value === false ? (option.negative ?? option.flag) : option.flag;
      return { option, value, source: "flag", from: flag?.long ?? key };
    }
    return (
      readVariable(option, env, problems) ??
      inFile.get(key) ?? { option, value: defaultOf(option), source: "default", from: "default" }
    );
  });
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  return new Settings(settings, {
    file: file?.name,
    ignored: isStdio ? names.sort() : [],
    again: () => resolveSettings(command, { ...sources, isFresh: true }),
  });
}

function defaultOf({ flag, negative }: ConfigOption): unknown {
  return flag === undefined && negative !== undefined ? true : flag?.defaultValue;
}

async function findFile(
  command: Command,
  isStdio: boolean,
  { io, env, isFresh = false }: Sources & { readonly env: CliIo["env"] },
): Promise<ConfigFile | undefined> {
  const cwd = io.cwd();
  const flag =
    command.getOptionValueSource("config") === "cli" ? (command.getOptionValue("config") as string) : undefined;
  if (flag !== undefined) return loadConfig({ cwd, file: flag, isFresh });
  const variable = env[`${VARIABLE}CONFIG`] || undefined;
  if (variable !== undefined) return loadConfig({ cwd, file: variable, from: `${VARIABLE}CONFIG`, isFresh });
  return isStdio || !findsConfig(command) ? undefined : loadConfig({ cwd, isFresh });
}

/** Whether a command reads the config file of the working directory. */
export function findsConfig(command: Command): boolean {
  return FINDERS.includes(pathOfCommand(command)[0] ?? "");
}

function readVariable(option: ConfigOption, env: CliIo["env"], problems: string[]): Setting | undefined {
  const { env: name } = option;
  const text = name && env[name];
  // An empty variable is as an absent one: containers cannot remove one that an image sets.
  if (name === undefined || text === undefined || text === "") return undefined;
  try {
    return { option, value: valueOfText(option, text), source: "environment", from: name };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    for (const { message } of error.problems) problems.push(`${name}: ${message}`);
    return undefined;
  }
}

/** A command, and the file that may set its options. */
interface FileReading {
  readonly command: Command;
  readonly options: readonly ConfigOption[];
  readonly file: ConfigFile;
}

/** The values for a command: those at the top of the file, those of its group, and those of its own section, the last one first. */
async function readFileValues(
  { command, options, file }: FileReading,
  { io, all }: Sources,
  problems: string[],
): Promise<ReadonlyMap<string, Setting>> {
  const path = pathOfCommand(command);
  const found = new Map<string, Setting>();
  const location = { file: file.path, cwd: io.cwd() };
  const foreign: (readonly string[])[] = [];
  const report = (at: readonly string[], message: string): void => {
    problems.push(`${file.placeOf(at)}: ${printable(at.join("."), 100)}: ${message}`);
  };
  let section: Readonly<Record<string, unknown>> = file.content;
  for (let depth = 0; depth <= path.length; depth++) {
    const level = path.slice(0, depth);
    const isOwn = depth === path.length;
    const group = groupAt(command, path.length - depth);
    for (const [key, value] of Object.entries(section)) {
      const at = [...level, key];
      const option = options.find((one) => one.key === key && one.isInFile && (isOwn || !one.isOwn));
      if (key === "$schema" && depth === 0) continue;
      if (!isOwn && group.commands.some((one) => one.name() === key)) {
        if (!isObject(value)) report(at, wrongType(value, "an object"));
      } else if (option === undefined) {
        if (isOwn) report(at, describeUnknown(key, command, options));
        else foreign.push(at);
      } else {
        try {
          const setting = { option, value: valueOfFile(option, value, location), from: file.placeOf(at) };
          if (value !== undefined) found.set(key, { ...setting, source: "file" });
        } catch (error) {
          if (!(error instanceof InvalidValue)) throw error;
          for (const { path: inside, message } of error.problems) report([...at, ...inside], message);
        }
      }
    }
    const next = section[path[depth] ?? ""];
    if (isOwn || !isObject(next)) break;
    section = next;
  }
  if (foreign.length > 0) {
    const program = await all();
    for (const at of foreign) {
      const known = keysBelow(program, at.slice(0, -1));
      const key = at.at(-1) ?? "";
      if (!known.has(key)) report(at, `unknown option${suggestion(key, known)}`);
    }
  }
  return found;
}

function describeUnknown(key: string, command: Command, options: readonly ConfigOption[]): string {
  const alias = aliasOf(command, key);
  if (alias !== undefined) return `unknown option; it is "${alias}" here`;
  const known = options.filter(({ isInFile }) => isInFile).map((option) => option.key);
  if (options.some((option) => option.key === key)) return "only the command line sets this option";
  const name = pathOfCommand(command).join(" ");
  const hint = suggestion(key, known) || `; "sshrpc config ${name}" lists them`;
  return `unknown option of sshrpc ${name}${hint}`;
}

function suggestion(key: string, known: Iterable<string>): string {
  const near = nearest(key, known);
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}

/** The group of commands that is `steps` above a command. */
function groupAt(command: Command, steps: number): Command {
  return steps === 0 || command.parent === null ? command : groupAt(command.parent, steps - 1);
}

/** The keys that a section may have: the names of its commands, and the options that any of these has. */
function keysBelow(program: Command, path: readonly string[]): ReadonlySet<string> {
  const group = path.reduce<Command | undefined>(
    (one, name) => one?.commands.find((command) => command.name() === name),
    program,
  );
  const commands = group?.commands ?? [];
  const keys = leavesOf(group).flatMap((leaf) => optionsOf(leaf).filter((one) => one.isInFile && !one.isOwn));
  return new Set([...commands.map((one) => one.name()), ...keys.map(({ key }) => key)]);
}

/** The commands below a group that have no commands of their own. */
export function leavesOf(command: Command | undefined): readonly Command[] {
  if (command === undefined) return [];
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
