/** `@sshrpc/codegen/diff`: compares two versions of a contract, as `sshrpc diff` does, for tools of your own. */

export { diffContracts } from "./diff/judge/diff-contracts.js";
export type { Change, Direction, Place, Witness } from "./diff/rules/change.js";
export { type Judgement, type Order, RULES, type Rule, type RuleId, ruleOf, type Verdict } from "./diff/rules/rules.js";
