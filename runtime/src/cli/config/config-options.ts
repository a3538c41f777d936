import type { Command, Option } from "commander";
import type { KnownOptions } from "../../base/check-options.js";

/** An option of a command, with the names that it has in each source. */
export interface ConfigOption {
  /** As in the config file, such as `authorizedKeys`. */
  readonly key: string;
  /** The environment variable, such as `SSHRPC_AUTHORIZED_KEYS`; undefined where the environment cannot set it. */
  readonly env: string | undefined;
  /** Whether a config file can set it. */
  readonly isInFile: boolean;
  /** Whether only the section of its command can set it. */
  readonly isOwn: boolean;
  /** `--shell <command>` */
  readonly flag: Option | undefined;
  /** `--no-shell` */
  readonly negative: Option | undefined;
  /** The option of a program that it also is, by its name in the table: `hostKeys` for `hostKey`. */
  readonly table: KnownOptions | undefined;
}

/** Options that a command takes from the config file and the environment beside its flags. */
interface TableOptions {
  readonly table: KnownOptions;
  /** The flags that have another name than their option in the table: `{ listen: "host" }`. */
  readonly aliases: Readonly<Record<string, string>>;
}

const tables = new WeakMap<Command, TableOptions>();

/** Lets the config file and the environment set options of a table, which programs have, for a command. */
export function addTableOptions(command: Command, table: KnownOptions, aliases: TableOptions["aliases"] = {}): Command {
  tables.set(command, { table, aliases });
  return command;
}

/** The name of a flag that an option of the table has; undefined where it has no flag of another name. */
export function aliasOf(command: Command, name: string): string | undefined {
  const { aliases = {} } = tables.get(command) ?? {};
  return Object.keys(aliases).find((flag) => aliases[flag] === name);
}

/** Options that only the command line sets. */
const FLAG_ONLY: readonly string[] = [
  // Decides whether the environment is trusted.
  "serve --stdio",
  // Starts no server, so only those who want that may set it.
  "serve --check",
  // Confirms what cannot be undone.
  "keys purge --yes",
];

/** Options whose meaning differs from that of others with their name: their variables begin with the command. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  "keys add": ["name", "scopes", "users", "limits", "expires", "from"],
  "keys generate": ["name"],
};

/** The words of a command: `["keys", "add"]`. */
export function pathOfCommand(command: Command): string[] {
  return command.parent === null ? [] : [...pathOfCommand(command.parent), command.name()];
}

/** The commands below a group that have no commands of their own. */
export function leavesOf(command: Command | undefined): readonly Command[] {
  if (command === undefined) return [];
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

/** The options of a command, in the order of its help; then those without a flag. */
export function optionsOf(command: Command): readonly ConfigOption[] {
  const { table = {}, aliases = {} } = tables.get(command) ?? {};
  const path = pathOfCommand(command);
  const byKey = new Map<string, { flag?: Option; negative?: Option }>();
  for (const option of command.options) {
    const key = option.attributeName();
    byKey.set(key, { ...byKey.get(key), [option.negate ? "negative" : "flag"]: option });
  }
  const flags = [...byKey].map(([key, { flag, negative }]) => {
    const name = aliases[key] ?? key;
    const own = table[name];
    return { ...namesOf(path, key, flag), flag, negative, table: own === undefined ? undefined : { [name]: own } };
  });
  const known = new Set([...byKey.keys(), ...Object.values(aliases)]);
  const others = Object.keys(table).filter((name) => !known.has(name));
  return [
    ...flags,
    ...others.map((name) => ({
      ...namesOf(path, name, undefined),
      flag: undefined,
      negative: undefined,
      table: { [name]: table[name] as KnownOptions[string] },
    })),
  ];
}

function namesOf(
  path: readonly string[],
  key: string,
  flag: Option | undefined,
): Pick<ConfigOption, "key" | "env" | "isInFile" | "isOwn"> {
  const isOwn = OWN[path.join(" ")]?.includes(key) ?? false;
  const isFlagOnly = FLAG_ONLY.includes([...path, flag?.long].join(" "));
  const words = [...(isOwn ? path : []), key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`)];
  const env = isFlagOnly ? undefined : `${VARIABLE}${words.join("_").toUpperCase()}`;
  return { key, env, isInFile: !isFlagOnly && key !== "config", isOwn };
}

/** The begin of the name of each variable. */
export const VARIABLE = "SSHRPC_";
