import type { Variant } from "../../emit/validators/validator-names.js";
import type { TypePair } from "../compare/type-pairs.js";
import { type Judgement, type RuleId, ruleOf } from "../rules/rules.js";

/** Which contract each peer has, for a type that an old client and a new server use. */
export interface Sides {
  readonly sender: "old" | "new";
  readonly receiver: "old" | "new";
  /** How receivers validate, and senders before they send. */
  readonly variant: Exclude<Variant, "part">;
  /** How the sender's schema is read: clients check what they send, and servers leave out what is undeclared. */
  readonly reading: "closed" | "sent";
}

const READING = {
  request: { variant: "closed", reading: "closed" },
  response: { variant: "open", reading: "sent" },
} as const;

/** Requests go from the client to the server, but those of callbacks to the client. */
export function sidesOf({ direction, isCallback }: TypePair): Sides {
  const isRequest = direction === "request" || direction === "request item";
  const sender = isRequest === isCallback ? "new" : "old";
  return { sender, receiver: sender === "old" ? "new" : "old", ...READING[isRequest ? "request" : "response"] };
}

/** What has no effect in a callback: a client requires no scopes of its server, and a server retries no callback. */
const WITHOUT_EFFECT: readonly RuleId[] = [
  ...(["scope-added", "scope-changed", "scope-removed"] as const),
  ...(["idempotency-lost", "idempotency-gained"] as const),
];

/** What the rule says of a change at this place. A callback changes as the other way round. */
export function judgementOf(
  rule: RuleId,
  { direction, isCallback }: { readonly direction: string; readonly isCallback: boolean },
): Judgement {
  const { [columnOf(direction)]: own, reverse } = ruleOf(rule);
  if (isCallback && WITHOUT_EFFECT.includes(rule)) return ["compatible", "any"];
  if (!isCallback || direction === "method") return own ?? ["breaking", "together"];
  return ruleOf(reverse as RuleId)[columnOf(direction)] ?? own ?? ["breaking", "together"];
}

function columnOf(direction: string): "method" | "request" | "response" {
  if (direction === "method") return "method";
  return direction.startsWith("request") ? "request" : "response";
}
