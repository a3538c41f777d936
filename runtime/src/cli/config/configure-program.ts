import type { Command } from "commander";
import { nearest } from "../../base/nearest.js";
import type { CliIo } from "../shared/io.js";
import { leavesOf, optionsOf, pathOfCommand, VARIABLE } from "./config-options.js";
import { findsConfig, resolveSettings } from "./resolve-settings.js";
import { keepSettings, Settings } from "./settings.js";

/**
 * Lets the commands of a program take their options from a config file and the environment, too.
 * @param all the program with all commands and their options
 */
export function configureProgram(program: Command, io: CliIo, all: () => Promise<Command>): void {
  for (const command of leavesOf(program)) {
    if (command.options.length === 0) continue;
    command
      .option("--config <file>", `config file (default: ${defaultFile(command)})`)
      .addHelpText(
        "after",
        `\nConfig files and the environment set options, too: --known-hosts is\n` +
          `"knownHosts" and ${VARIABLE}KNOWN_HOSTS. "sshrpc config ${pathOfCommand(command).join(" ")}" shows them.`,
      );
  }
  program.hook("preAction", async (_, command) => {
    const settings = await untilLoaded(io, () => resolveSettings(command, { io, all })).catch((error: unknown) => {
      if (command.getOptionValue("stdio") !== true) throw error;
      return new Settings([], { fault: error as Error });
    });
    for (const { option, value, source } of settings.all) {
      if (source === "environment") command.setOptionValueWithSource(option.key, value, "env");
      if (source === "file") command.setOptionValueWithSource(option.key, value, "config");
    }
    keepSettings(command, settings);
    await warnOfVariables(command, settings, { io, all });
  });
}

function defaultFile(command: Command): string {
  if (!findsConfig(command)) return "none";
  const none = pathOfCommand(command).join(" ") === "serve" ? "; none with --stdio" : "";
  return `sshrpc.config.ts, .js or .json in the working directory${none}`;
}

/** Runs `load`. A config file of code that ends the process is reported. */
async function untilLoaded<Result>(io: CliIo, load: () => Promise<Result>): Promise<Result> {
  const onExit = (): void => {
    io.stderr.write("sshrpc: the config file ended the process while it was loaded; remove process.exit from it\n");
    io.exit(2);
  };
  io.on("exit", onExit);
  try {
    return await load();
  } finally {
    io.off("exit", onExit);
  }
}

/**
 * Warns of unknown variables that are similar to that of an option. It is a warning only, because other programs choose names of
 * variables, too.
 */
async function warnOfVariables(
  command: Command,
  settings: Settings,
  { io, all }: { readonly io: CliIo; readonly all: () => Promise<Command> },
): Promise<void> {
  if (settings.ignored.length > 0) return;
  const own = new Set(optionsOf(command).map(({ env }) => env));
  const others = variablesOf(io).filter((name) => !own.has(name));
  if (others.length === 0) return;
  const known = knownVariables(await all());
  for (const name of others) {
    const near = known.has(name) ? undefined : nearVariable(name, known);
    if (near !== undefined) io.stderr.write(`sshrpc: unknown variable ${name} (did you mean "${near}"?)\n`);
  }
}

/** The variables of the environment that begin like those of options, and are not empty. */
export function variablesOf({ env }: Pick<CliIo, "env">): string[] {
  return Object.keys(env).filter((name) => name.startsWith(VARIABLE) && env[name] !== "");
}

/** The variables of all options. */
export function knownVariables(program: Command): ReadonlySet<string> {
  return new Set(leavesOf(program).flatMap((leaf) => optionsOf(leaf).flatMap(({ env }) => env ?? [])));
}

/** The begin that all have would make any two of them similar. */
function nearVariable(name: string, known: ReadonlySet<string>): string | undefined {
  const near = nearest(
    name.slice(VARIABLE.length),
    [...known].map((one) => one.slice(VARIABLE.length)),
  );
  return near && VARIABLE + near;
}
