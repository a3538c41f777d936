import type { Explained } from "./base/explained.js";
import { type Judgement, orderText, RULES, type Rule } from "./diff/rules/rules.js";
import { ALL_RULES } from "./lint/rules.js";

/** Everything that `sshrpc explain` explains. */
export const EXPLANATIONS: readonly Explained[] = [
  ...ALL_RULES.map(({ id, title, level, explanation }) => ({
    id,
    title,
    explanation:
      `${explanation}\n\nLevel: ${level}. Another level, in sshrpc.config.json: "lint": { "rules": { "${id}": "off" } }\n` +
      `One place, above it in the schema: // sshrpc-lint-ignore ${id}: reason`,
  })),
  ...Object.entries(RULES).map(([id, rule]: [string, Rule]) => ({
    id,
    title: rule.text,
    explanation: explainRule(rule),
  })),
];

/** What `sshrpc diff` says of a change, in each direction. */
function explainRule({ request, response, method, fix }: Rule): string {
  const line = (where: string, judgement: Judgement | undefined): readonly string[] =>
    judgement === undefined ? [] : [`${where}: ${judgement[0]}; roll out: ${orderText(judgement[1])}`];
  return [
    ...line("In a request or an item of its stream", request),
    ...line("In a response, an item of its stream or details of an error", response),
    ...line("For the method", method),
    ...(fix === undefined ? [] : [`Instead of a breaking change: ${fix}`]),
    "Callbacks are calls of the server: their directions are reversed.",
  ].join("\n");
}
