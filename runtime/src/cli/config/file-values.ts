import type { Command } from "commander";
import { nearest } from "../../base/nearest.js";
import { printable } from "../../base/printable.js";
import { wrongType } from "../../base/wrong-type.js";
import { aliasOf, type ConfigOption, leavesOf, optionsOf, pathOfCommand } from "./config-options.js";
import type { ConfigFile } from "./load-config.js";
import { InvalidValue, valueOfFile } from "./option-values.js";
import type { Setting } from "./settings.js";

type Content = Readonly<Record<string, unknown>>;

/** A command, and the file that may set its options. */
interface FileReading {
  readonly command: Command;
  readonly options: readonly ConfigOption[];
  readonly file: ConfigFile;
  /** The working directory. */
  readonly cwd: string;
  /** The program of all commands: an option of the file may belong to another one. */
  readonly all: () => Promise<Command>;
}

/** What a file sets, by key, and what is wrong with it, one line each. */
interface FileValues {
  readonly values: ReadonlyMap<string, Setting>;
  readonly problems: readonly string[];
}

/** The part of a file that applies to a command: its top, the section of its group, or its own. */
interface Section {
  readonly content: Content;
  /** The names that lead to it. */
  readonly path: readonly string[];
  /** Whether it is that of the command itself. */
  readonly isOwn: boolean;
  /** The sections that it may have. */
  readonly commands: readonly string[];
}

/** The values for a command: those at the top of the file, those of its group, and those of its own section, the last one first. */
export async function readFileValues(reading: FileReading): Promise<FileValues> {
  const { command, options, file, cwd, all } = reading;
  const values = new Map<string, Setting>();
  const problems: string[] = [];
  const foreign: (readonly string[])[] = [];
  const report = (at: readonly string[], message: string): void => {
    problems.push(`${file.placeOf(at)}: ${printable(at.join("."), 100)}: ${message}`);
  };
  for (const { content, path, isOwn, commands } of sectionsOf(command, file.content)) {
    for (const [key, value] of Object.entries(content)) {
      const at = [...path, key];
      const option = options.find((one) => one.key === key && one.isInFile && (isOwn || !one.isOwn));
      if (value === undefined || (key === "$schema" && path.length === 0)) continue;
      if (commands.includes(key)) {
        if (!isObject(value)) report(at, wrongType(value, "an object"));
      } else if (option !== undefined) {
        const setting = readValue({ option, value, at }, { file, cwd }, report);
        if (setting !== undefined) values.set(key, setting);
      } else if (isOwn) report(at, unknownOption(key, command, options));
      else foreign.push(at);
    }
  }
  if (foreign.length > 0) {
    const program = await all();
    for (const at of foreign) {
      const known = keysBelow(program, at.slice(0, -1));
      const key = at.at(-1) ?? "";
      if (!known.has(key)) report(at, `unknown option${suggestion(key, known)}`);
    }
  }
  return { values, problems };
}

/** The sections for a command, from the top of the file on. */
function sectionsOf(command: Command, top: Content): readonly Section[] {
  const names = pathOfCommand(command);
  const sections: Section[] = [];
  let content: unknown = top;
  for (let depth = 0; depth <= names.length && isObject(content); depth++) {
    const isOwn = depth === names.length;
    const commands = isOwn ? [] : ancestor(command, names.length - depth).commands.map((one) => one.name());
    sections.push({ content, path: names.slice(0, depth), isOwn, commands });
    content = content[names[depth] ?? ""];
  }
  return sections;
}

function ancestor(command: Command, steps: number): Command {
  return steps === 0 || command.parent === null ? command : ancestor(command.parent, steps - 1);
}

/** A value of the file, and where it is. */
interface FileValue {
  readonly option: ConfigOption;
  readonly value: unknown;
  readonly at: readonly string[];
}

/** @returns undefined for an invalid value, which is reported */
function readValue(
  { option, value, at }: FileValue,
  { file, cwd }: Pick<FileReading, "file" | "cwd">,
  report: (at: readonly string[], message: string) => void,
): Setting | undefined {
  try {
    const read = valueOfFile(option, value, { file: file.path, cwd });
    const placeOf = (path: readonly string[]): string => file.placeOf([...at, ...path]);
    return { option, value: read, source: "file", from: file.placeOf(at), placeOf };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    for (const { path, message, rejected } of error.problems) {
      const shown = rejected === undefined ? "" : `${printable(JSON.stringify(rejected), 60)}: `;
      report([...at, ...path], shown + message);
    }
    return undefined;
  }
}

function unknownOption(key: string, command: Command, options: readonly ConfigOption[]): string {
  const alias = aliasOf(command, key);
  if (alias !== undefined) return `unknown option; it is "${alias}" here`;
  if (options.some((option) => option.key === key)) return "only the command line sets this option";
  const known = options.filter(({ isInFile }) => isInFile).map((option) => option.key);
  const name = pathOfCommand(command).join(" ");
  const hint = suggestion(key, known) || `; "sshrpc config ${name}" lists them`;
  return `unknown option of sshrpc ${name}${hint}`;
}

function suggestion(key: string, known: Iterable<string>): string {
  const near = nearest(key, known);
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}

/** The keys that a section may have: the names of its commands, and the options that any of these has. */
function keysBelow(program: Command, path: readonly string[]): ReadonlySet<string> {
  const group = path.reduce<Command | undefined>(
    (one, name) => one?.commands.find((command) => command.name() === name),
    program,
  );
  const commands = (group?.commands ?? []).map((one) => one.name());
  const options = leavesOf(group).flatMap((leaf) => optionsOf(leaf).filter((one) => one.isInFile && !one.isOwn));
  return new Set([...commands, ...options.map(({ key }) => key)]);
}

function isObject(value: unknown): value is Content {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
