import type { Witness } from "../rules/change.js";
import { orderText, ruleOf } from "../rules/rules.js";
import type { Source } from "../sources/source.js";
import { countVerdicts, type DiffReport, type ReportedChange } from "./diff-report.js";

/** Longer values are cut. */
const MAX_VALUE = 240;

/** A report as text for people: the methods in the order of the contract, the worst changes of each first. */
export function describeDiff({ old, new: next, changes, stale, notes }: DiffReport): string {
  const methods = new Map<string, ReportedChange[]>();
  for (const change of changes) {
    const title = titleOf(change);
    const own = methods.get(title);
    if (own === undefined) methods.set(title, [change]);
    else own.push(change);
  }
  const blocks = [...methods].map(
    ([title, own]) =>
      `${title}\n${own
        .toSorted((a, b) => rank(a) - rank(b))
        .map(describeChange)
        .join("")}`,
  );
  const head = `${sourceText(old)} → ${sourceText(next)}\n`;
  const lines = [
    ...notes.map((note) => `note: ${note}`),
    ...stale.map(
      ({ rule, method, path }) => `stale: no change is accepted by ${[rule, method, path].join(" ").trim()}`,
    ),
    summaryOf(changes),
  ];
  return [head, ...blocks, `${lines.map(printable).join("\n")}\n`].join("\n");
}

/** What a change is, in one line. */
export function summarize(change: ReportedChange): string {
  const { rule, direction, status, path, verdict, accepted } = change;
  const where = direction === "method" ? "" : `${[direction, status, path].filter((part) => part).join(" ")}: `;
  const state = accepted === undefined ? verdict : "accepted";
  return printable(`${state.padEnd(11)} ${where}${ruleOf(rule).text} (${rule})`);
}

/** What the old client and the new server do, where they disagree. */
export function describeWitness(witness: Witness): string {
  if ("call" in witness) return printable(`${witness.call}: ${witness.outcome}`);
  const { value, sender, refusal } = witness;
  const receiver = sender === "old client" ? "new server" : "old client";
  const outcome = refusal === undefined ? "takes it with another meaning" : `refuses it: ${refusal}`;
  return printable(`the ${sender} sends ${shorten(value)}, and the ${receiver} ${outcome}`);
}

function describeChange(change: ReportedChange): string {
  const { old, new: next, witness, reason, fix, order, verdict, accepted } = change;
  const details = [
    ...(old === undefined && next === undefined ? [] : [`${shorten(old)} → ${shorten(next)}`]),
    ...(witness === undefined ? [] : [describeWitness(witness)]),
    ...(reason === undefined ? [] : [`unknown: ${reason}`]),
    ...(accepted === undefined ? [] : [`accepted on ${accepted.date}: ${accepted.reason}`]),
    ...(order === "any" ? [] : [`roll out: ${orderText(order)}`]),
    ...(fix === undefined || verdict === "source-only" ? [] : [`instead: ${fix}`]),
  ];
  return `  ${summarize(change)}\n${details.map((line) => `              ${printable(line)}\n`).join("")}`;
}

function summaryOf(changes: readonly ReportedChange[]): string {
  if (changes.length === 0) return "no changes";
  const counts = Object.entries(countVerdicts(changes)).filter(([, count]) => count > 0);
  const texts = counts.map(([verdict, count]) => `${count} ${verdict}`);
  return `${changes.length} ${changes.length === 1 ? "change" : "changes"}: ${texts.join(", ")}`;
}

function titleOf({ method, isCallback }: ReportedChange): string {
  return printable(isCallback ? `${method} (callback)` : method);
}

function rank({ verdict, accepted }: ReportedChange): number {
  return accepted === undefined ? ["breaking", "unknown", "compatible", "source-only"].indexOf(verdict) : 4;
}

function sourceText({ label, contract: { name, version } }: Source): string {
  return printable(`${label} (${name} ${version})`);
}

function shorten(value: unknown): string {
  if (value === undefined) return "none";
  const text = JSON.stringify(value);
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}… (${text.length} characters)`;
}

/** Contracts of others may have any character. */
function printable(text: string): string {
  const escaped = (character: string): string => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}
