import type { Command } from "commander";
import { hideKeys, holdsKey, printable } from "../../base/printable.js";
import { UsageError } from "../shared/failure.js";
import type { CliIo } from "../shared/io.js";
import type { Output } from "../shared/output.js";
import { type ConfigOption, leavesOf, pathOfCommand } from "./config-options.js";
import { knownVariables, variablesOf } from "./configure-program.js";
import { OPTION_DEFAULTS } from "./option-defaults.js";
import { contradictionOf, type Setting, type Settings, settingsOf } from "./settings.js";

/** What `sshrpc config` needs. */
interface ConfigCommandContext {
  readonly io: CliIo;
  readonly output: Output;
  /** Makes the program with all commands. */
  readonly all: () => Promise<Command>;
}

/** The settings of one command. */
interface CommandSettings {
  readonly path: readonly string[];
  readonly settings: Settings;
  /** Why they contradict each other, if they do. */
  readonly contradiction: unknown;
}

/**
 * `sshrpc config [command] [flags]`: the options of a command, or those that are set of all, with their values and where each is from.
 * It runs nothing but the config file. Options that contradict each other are an error, after the values.
 */
export function defineConfigCommand(command: Command, context: ConfigCommandContext): void {
  command
    .argument("[command...]", "command, with flags to try (default: all commands, with what is set)")
    .option("--json", "print JSON")
    .usage("[options] [command...]")
    .allowUnknownOption()
    .action((args: readonly string[], { json }: { readonly json?: boolean }) => show(args, json ?? false, context));
}

async function show(args: readonly string[], isJson: boolean, context: ConfigCommandContext): Promise<void> {
  const { io, output, all } = context;
  const flagAt = args.findIndex((word) => word.startsWith("-"));
  const words = flagAt < 0 ? args : args.slice(0, flagAt);
  const flags = flagAt < 0 ? [] : args.slice(flagAt);
  const program = await all();
  const found = findCommand(program, words);
  const shown: CommandSettings[] = [];
  for (const leaf of leavesOf(found)) {
    const path = pathOfCommand(leaf);
    if (leaf.options.length > 0 && path[0] !== "config") shown.push(await settingsFor(path, flags, all));
  }
  const known = knownVariables(program);
  const unknown = variablesOf(io).filter((name) => !known.has(name));
  const isOne = shown.length === 1;
  await output.write(isJson ? `${JSON.stringify(toJson(shown, unknown))}\n` : describe(shown, unknown, isOne));
  for (const { contradiction } of shown) if (contradiction !== undefined) throw contradiction;
}

function findCommand(program: Command, words: readonly string[]): Command {
  return words.reduce((group, word) => {
    const found = group.commands.find((one) => one.name() === word);
    if (found !== undefined) return found;
    // Arguments of a command have no settings.
    if (group.commands.length === 0) return group;
    throw new UsageError(`config: unknown command ${printable(JSON.stringify(word), 60)}`);
  }, program);
}

/** Parses a command line without running the command. */
async function settingsFor(
  path: readonly string[],
  flags: readonly string[],
  all: ConfigCommandContext["all"],
): Promise<CommandSettings> {
  const program = await all();
  const leaf = findCommand(program, path);
  for (const argument of leaf.registeredArguments) argument.argOptional();
  let settings = settingsOf(leaf);
  leaf.action(() => {
    settings = settingsOf(leaf);
  });
  await program.parseAsync([...path, ...flags], { from: "user" });
  return { path, settings, contradiction: settings.fault ?? contradictionOf(leaf, settings) };
}

function describe(shown: readonly CommandSettings[], unknown: readonly string[], isOne: boolean): string {
  const parts = shown.map(({ path, settings }) => {
    const listed = settings.all.filter(
      ({ option, source }) => option.key !== "config" && (isOne || source !== "default"),
    );
    if (listed.length === 0) return "";
    const rows = listed.map((setting) => [setting.option.key, textOf(setting), setting.from] as const);
    const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
    const lines = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}\n`);
    const file = settings.file === undefined ? "no config file" : settings.file;
    return `${path.join(" ")} (${file})\n${lines.join("")}`;
  });
  const text = parts.filter(Boolean).join("\n");
  const ignored = [...new Set(shown.flatMap(({ settings }) => settings.ignored))];
  const notes = [
    ...(ignored.length > 0 ? [`ignored with --stdio: ${ignored.join(", ")}\n`] : []),
    ...(unknown.length > 0 ? [`unknown variables: ${unknown.join(", ")}\n`] : []),
  ];
  return `${text === "" ? "nothing is set\n" : text}${notes.length > 0 ? "\n" : ""}${printableLines(notes)}`;
}

const printableLines = (lines: readonly string[]): string =>
  lines.map((line) => `${printable(line.trimEnd(), 2000)}\n`).join("");

function textOf({ value, option }: Setting): string {
  if (value !== undefined) return printable(JSON.stringify(withoutSecrets(value)) ?? "–", 100);
  return printable(defaultTextOf(option), 60);
}

/** The default of an option that has no value: what its description or the documentation says. */
function defaultTextOf({ key, flag }: ConfigOption): string {
  const [, described] = /\(default: ([^()]*(?:\([^()]*\))?[^()]*)\)$/.exec(flag?.description ?? "") ?? [];
  return described ?? OPTION_DEFAULTS[key] ?? "–";
}

/** The object of `--json`. */
function toJson(shown: readonly CommandSettings[], unknown: readonly string[]): object {
  const commands = shown.map(({ path, settings: { file, ignored, all } }) => {
    const values = all.map(({ option, value, source, from }) => {
      const { key } = option;
      const known = value === undefined ? { default: defaultTextOf(option) } : { value: withoutSecrets(value) };
      return [key, { ...known, source, from }] as const;
    });
    return [path.join(" "), { ...(file !== undefined && { file }), ignored, options: Object.fromEntries(values) }];
  });
  return { commands: Object.fromEntries(commands), unknownVariables: unknown };
}

const SECRET = /pass|secret|token/i;

/** A value as JSON, without the text of keys, passphrases, and what JSON cannot carry. */
function withoutSecrets(value: unknown, name = ""): unknown {
  if (SECRET.test(name) && typeof value !== "function") return "(hidden)";
  if (typeof value === "function") return "(function)";
  if (typeof value === "string") return holdsKey(value) ? "(a key)" : hideKeys(value);
  if (value instanceof Uint8Array) return "(bytes)";
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one));
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return "(object)";
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withoutSecrets(field, key)]));
}
