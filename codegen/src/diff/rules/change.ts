import type { Order, RuleId, Verdict } from "./rules.js";

/** The part of a call that a change concerns. */
export type Direction = "request" | "request item" | "response" | "response item" | "error details" | "method";

/** The proof of a verdict: what an old client and a new server do not agree on. */
export type Witness =
  /** A value that its sender's validator accepts. */
  | {
      readonly value: unknown;
      readonly sender: "old client" | "new server";
      /** What the receiver says of it; absent where the receiver accepts it with another meaning. */
      readonly refusal?: string;
    }
  /** A call of the old client, and what the new server does. */
  | { readonly call: string; readonly outcome: string };

/** One difference of two contracts. */
export interface Change {
  readonly rule: RuleId;
  readonly verdict: Verdict;
  /** Such as `GET /notes/{id}`; a resource's name for one without a method. */
  readonly method: string;
  readonly isCallback: boolean;
  readonly direction: Direction;
  /** The status of error details. */
  readonly status?: string;
  /** The place inside the type as JSONPath, such as `$.tags[*]`; empty for the method itself. */
  readonly path: string;
  readonly old?: unknown;
  readonly new?: unknown;
  /** The reason of `unknown`. */
  readonly reason?: string;
  readonly witness?: Witness;
  readonly order: Order;
  readonly fix?: string;
  /** The innermost named type and property of the new contract at the place, to find its line. */
  readonly place: Place;
}

/** The innermost named type and property at a place. */
export interface Place {
  readonly type?: string;
  readonly property?: string;
}

/** A place as JSONPath. @param keys names; numbers for items of a tuple; `*` for all others */
export function jsonPath(keys: readonly Key[]): string {
  return `$${keys.map(keyText).join("")}`;
}

/** A step from a value to a part of it. */
export type Key = { readonly property: string } | { readonly item: number } | "[*]" | ".*";

function keyText(key: Key): string {
  if (typeof key === "string") return key;
  if ("item" in key) return `[${key.item}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key.property) ? `.${key.property}` : `[${JSON.stringify(key.property)}]`;
}
