// One table of every option, every field of `ctx` and every flag: rows of options.ts, with the type and text of the interface.
import { formatValue } from "./format.js";
import { type Member, readInterfaces } from "./interfaces.js";
import { OPTIONS, type OptionInterface, type OptionRow, type Unit } from "./options.js";

/** The version whose options say nothing of their first version. */
export const FIRST_VERSION = "0.1.0";

/** One option, or one field of `ctx` and its peer. */
export interface Option {
  readonly name: string;
  readonly flag?: string;
  readonly type: string;
  readonly unit?: Unit;
  /** The default for readers; absent where there is none. */
  readonly default?: string;
  /** The default for programs, in the unit; absent where the code has no constant for it. */
  readonly value?: number | string | boolean;
  readonly since: string;
  readonly isRequired: boolean;
  /** One sentence. */
  readonly text: string;
}

/**
 * The table, by interface.
 * @throws Error where an option has no text, or its TSDoc names another default than the code has
 */
export function readOptions(): Readonly<Record<OptionInterface, readonly Option[]>> {
  const interfaces = readInterfaces();
  const problems: string[] = [];
  const tables = Object.entries(OPTIONS).map(([name, rows]) => {
    const members = new Map(interfaces.get(name)?.map((member) => [member.name, member]));
    const options = Object.entries(rows as Readonly<Record<string, OptionRow>>).map(([option, row]) => {
      const member = members.get(option);
      if (member === undefined) throw new Error(`${name} has no member ${option}`);
      const problem = problemOf(member, row);
      if (problem !== undefined) problems.push(`${name}.${option}: ${problem}`);
      return toOption(member, row);
    });
    return [name, options] as const;
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return Object.fromEntries(tables) as unknown as Record<OptionInterface, readonly Option[]>;
}

function toOption({ name, type, text, default: said, isRequired }: Member, row: OptionRow): Option {
  const value = row.default === undefined ? said : defaultText(row.default, row.unit);
  return {
    name,
    ...(row.flag !== undefined && { flag: row.flag }),
    type: row.type ?? type,
    ...(row.unit !== undefined && { unit: row.unit }),
    ...(value !== undefined && { default: value }),
    ...(row.default !== undefined && { value: row.default }),
    since: row.since ?? FIRST_VERSION,
    isRequired,
    text,
  };
}

function defaultText(value: number | string | boolean, unit: Unit | undefined): string {
  if (typeof value !== "number") return `\`${value}\``;
  return formatValue(value, unit);
}

/** Whether the TSDoc, which editors show, says what the code does. */
function problemOf({ text, default: said }: Member, row: OptionRow): string | undefined {
  if (text === "") return "no text; its TSDoc needs a sentence";
  if (row.default === undefined)
    return /^\d/.test(said ?? "") ? "its row needs the constant of its default" : undefined;
  const plain = typeof row.default === "number" ? row.default.toLocaleString("en-US") : `\`${row.default}\``;
  const accepted = [
    plain,
    String(row.default),
    typeof row.default === "number" ? formatValue(row.default, row.unit) : plain,
  ];
  if (accepted.some((one) => said === one || said?.startsWith(`${one},`))) return undefined;
  return `the default is ${accepted.at(-1)}, and its TSDoc says ${said ?? "nothing"}`;
}
