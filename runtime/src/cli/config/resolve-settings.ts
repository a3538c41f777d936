import type { Command } from "commander";
import { UsageError } from "../shared/failure.js";
import type { CliIo } from "../shared/io.js";
import { type ConfigOption, optionsOf, pathOfCommand, VARIABLE } from "./config-options.js";
import { readFileValues } from "./file-values.js";
import { type ConfigFile, loadConfig } from "./load-config.js";
import { InvalidValue, valueOfText } from "./option-values.js";
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
 * @throws UsageError with all problems, one in each line; with `--check` the settings have them
 */
export async function resolveSettings(command: Command, sources: Sources): Promise<Settings> {
  const { io } = sources;
  const options = optionsOf(command);
  const isStdio = command.getOptionValue("stdio") === true;
  const isCheck = command.getOptionValue("check") === true;
  const problems: string[] = [];
  const names = Object.keys(io.env).filter((name) => name.startsWith(VARIABLE) && io.env[name] !== "");
  const env = isStdio ? {} : io.env;
  const file = await findFile(command, isStdio, { ...sources, env }).catch((error: unknown) => {
    if (!isCheck || !(error instanceof UsageError)) throw error;
    problems.push(error.message);
    return undefined;
  });
  const reading = file && { command, options, file, cwd: io.cwd(), all: sources.all };
  const inFile = reading === undefined ? NOTHING : await readFileValues(reading);
  problems.push(...inFile.problems);
  const settings = options.map((option): Setting => {
    const { key } = option;
    if (command.getOptionValueSource(key) === "cli") {
      const value: unknown = command.getOptionValue(key);
      const flag = value === false ? (option.negative ?? option.flag) : option.flag;
      return { option, value, source: "flag", from: flag?.long ?? key };
    }
    return (
      readVariable(option, env, problems) ??
      inFile.values.get(key) ?? { option, value: defaultOf(option), source: "default", from: "default" }
    );
  });
  if (problems.length > 0 && !isCheck) throw new UsageError(shown(problems).join("\n"));
  return new Settings(settings, {
    file: file?.name,
    problems,
    ignored: isStdio ? names.sort() : [],
    again: async () => {
      const next = await resolveSettings(command, { ...sources, isFresh: true });
      // Defaults in its place would lift the limits of a running server.
      if (file !== undefined && next.file === undefined) throw new UsageError(`${file.name}: no such file`);
      return next;
    },
  });
}

const NOTHING: Awaited<ReturnType<typeof readFileValues>> = { values: new Map(), problems: [] };

/** The number of problems that a message has. */
const MAX_PROBLEMS = 20;

function shown(problems: readonly string[]): readonly string[] {
  const more = problems.length - MAX_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MAX_PROBLEMS), `and ${more} more problems`] : problems;
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

const pathText = (path: readonly string[]): readonly string[] => (path.length === 0 ? [] : [path.join(".")]);

function readVariable(option: ConfigOption, env: CliIo["env"], problems: string[]): Setting | undefined {
  const { env: name } = option;
  const text = name && env[name];
  // An empty variable is as an absent one: containers cannot remove one that an image sets.
  if (name === undefined || text === undefined || text === "") return undefined;
  try {
    return { option, value: valueOfText(option, text), source: "environment", from: name };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    for (const { path, message } of error.problems) problems.push([name, ...pathText(path), message].join(": "));
    return undefined;
  }
}
