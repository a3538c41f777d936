// Writes the tables of docs/*.md between their markers: `<!-- options NAME… -->` `<!-- commands -->`, `<!-- config-options -->` or `<!-- diff-rules -->`, and `<!-- end -->`.
import { type Judgement, RULES, type Rule } from "../../codegen/src/diff/rules/rules.js";
import { type CommandReference, type Flag, readCommands } from "./commands.js";
import { FIXED_LIMITS } from "./fixed-limits.js";
import type { OptionInterface } from "./options.js";
import { FIRST_VERSION, type Option, readOptions } from "./table.js";

/** What the pages are made of. */
export interface Reference {
  readonly options: Readonly<Record<OptionInterface, readonly Option[]>>;
  readonly commands: readonly CommandReference[];
}

export async function readReference(): Promise<Reference> {
  return { options: readOptions(), commands: await readCommands() };
}

/** The table as JSON, for programs: docs/options.json. */
export function formatReference({ options, commands }: Reference): string {
  const fixedLimits = FIXED_LIMITS.map(([side, what, bound]) => ({ side, what, bound }));
  return `${JSON.stringify({ options, commands, fixedLimits }, null, 2)}\n`;
}

const MARKER =
  /(<!-- (options|commands|config-options|fixed-limits|diff-rules)((?: [\w.]+)*) -->\n)[\s\S]*?(<!-- end -->)/g;

/**
 * A page with its tables.
 * @throws Error for a marker that names an unknown interface
 */
export function fillPage(text: string, reference: Reference): string {
  return text.replaceAll(MARKER, (_, start: string, kind: string, names: string, end: string) => {
    const words = names.trim().split(" ").filter(Boolean);
    return `${start}\n${tableOf(kind, words, reference)}\n${end}`;
  });
}

/** The interfaces whose options a page has. */
export function interfacesOf(text: string): string[] {
  return [...text.matchAll(MARKER)].flatMap(([, , kind, names = ""]) =>
    kind === "options"
      ? names
          .trim()
          .split(" ")
          .map((name) => name.split(".").at(-1) as string)
      : [],
  );
}

function tableOf(kind: string, names: readonly string[], reference: Reference): string {
  if (kind === "commands") return reference.commands.map(commandSection).join("\n");
  if (kind === "config-options") return configTable(reference);
  if (kind === "fixed-limits") return fixedTable();
  if (kind === "diff-rules") return ruleTable();
  return optionTable(names, reference);
}

/** The rules of `sshrpc diff`, with the verdict and the roll-out order in each direction. */
function ruleTable(): string {
  const text = (judgement: Judgement | undefined): string =>
    judgement === undefined ? "" : `${judgement[0]}; ${judgement[1] === "together" ? "in steps" : judgement[1]}`;
  const rows = Object.entries(RULES).map(([id, rule]: [string, Rule]) => [
    ...[code(id), rule.text, text(rule.request), text(rule.response), text(rule.method)],
  ]);
  return table(["rule", "change", "in a request", "in a response", "of a method"], rows);
}

/** The interfaces of values that a program receives: their members have no defaults. */
const RECEIVED: readonly string[] = [
  "Context",
  "Peer",
  "PeerCertificate",
  "PeerPermissions",
] satisfies OptionInterface[];

/** A name may have the option in front whose fields these are: `perSource.PerSource`. */
function optionTable(names: readonly string[], { options }: Reference): string {
  const parts = names.map((name) => {
    const [prefix, own] = name.includes(".") ? (name.split(".") as [string, string]) : ["", name];
    const found = options[own as OptionInterface];
    if (found === undefined) throw new Error(`<!-- options ${name} -->: no such interface in scripts/docs/options.ts`);
    return { prefix: prefix === "" ? "" : `${prefix}.`, own, found };
  });
  if (parts.every(({ own }) => RECEIVED.includes(own))) {
    const rows = parts.flatMap(({ found }) => found.map(receivedRow));
    return table(["name", "type", "what it is"], rows);
  }
  const rows = parts.flatMap(({ prefix, found }) => found.map((option) => optionRow(option, prefix)));
  return table(["name", "type", "default", "what it does"], rows);
}

function receivedRow({ name, type, since, isRequired, text }: Option): string[] {
  const isOptional = !isRequired && !type.endsWith("undefined");
  return [code(name), code(isOptional ? `${type} | undefined` : type), text + addedIn(since)];
}

function optionRow({ name, flag, type, default: value, since, isRequired, text }: Option, prefix: string): string[] {
  const flags = flag === undefined ? "" : `<br>${flag.split(", ").map(code).join(" ")}`;
  return [
    `\`${prefix}${name}\`${flags}`,
    type.includes("`") ? type : code(type),
    value ?? (isRequired ? "required" : "–"),
    text + addedIn(since),
  ];
}

const addedIn = (since: string): string => (since === FIRST_VERSION ? "" : ` Since ${since}.`);

function fixedTable(): string {
  return table(
    ["side", "what", "bound"],
    FIXED_LIMITS.map(([side, what, bound]) => [side, what, bound]),
  );
}

function commandSection({ name, text, usage, arguments: args, flags }: CommandReference): string {
  const rows = [...args.map((one) => flagRow(one)), ...flags.map((one) => flagRow(one))];
  const head = ["argument or flag", "config file", "environment", "default", "what it does"];
  const body = rows.length === 0 ? "" : `\n${table(head, rows)}`;
  const purpose = text === "" ? "" : `${sentence(text)}\n\n`;
  return `### sshrpc ${name}\n\n${purpose}\`${usage}\`\n${body}`;
}

function flagRow({ name, key, env, default: value, isRequired, text }: Flag): string[] {
  return [
    code(name),
    ...[key, env].map((one) => (one ? code(one) : "")),
    value === undefined ? (isRequired ? "required" : "") : code(value),
    sentence(text),
  ];
}

/** The options of `serve` without a flag: those of a program. */
function configTable({ options, commands }: Reference): string {
  const { others = [] } = commands.find(({ name }) => name === "serve") ?? {};
  const known = Object.values(options).flat();
  const rows = others.map(({ key, env }) => {
    const { type = "", text = "" } = known.find(({ name }) => name === key) ?? {};
    return [code(key), code(env), type.includes("`") ? type : code(type), text];
  });
  return table(["config file", "environment", "type", "what it does"], rows);
}

function sentence(text: string): string {
  return text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, ".");
}

const code = (text: string): string => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}
