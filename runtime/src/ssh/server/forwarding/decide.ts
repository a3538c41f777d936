import { withTimeout } from "../../../base/async/with-timeout.js";
import { fieldProblem } from "../../../base/check-options.js";
import { errorMessage } from "../../../base/error-message.js";
import type { Peer } from "../../../base/peer.js";
import type { ForwardRule, Refusal } from "./forwarding-options.js";

/** A rule that threw or timed out. */
export interface RuleFailure {
  /** For the log. */
  readonly failed: string;
  /** For the peer: without the text of an exception. */
  readonly peerReason: string;
}

interface RuleConfig {
  /** Names the rule in messages, such as `session rule`. */
  readonly name: string;
  /** In milliseconds. */
  readonly timeout: number;
  /** The field of an answer that handles the request itself. Default: none, so that an answer may only deny. */
  readonly handler?: "serve" | "listen";
}

/** Calls a user's rule; it never rejects. An answer with an unknown field is a failure of the rule. */
export async function decide<Request, Answer extends boolean | Refusal | object>(
  rule: ForwardRule<Request, Answer>,
  request: Request,
  peer: Peer,
  { name, timeout, handler }: RuleConfig,
): Promise<Answer | RuleFailure> {
  const timedOut = `${name} timed out after ${timeout} ms`;
  try {
    const answer = rule(request, peer);
    const decided = answer instanceof Promise ? await withTimeout(answer, timeout, { message: timedOut }) : answer;
    const known = { deny: true, ...(handler && { [handler]: true }) } as const;
    const problem = typeof decided === "object" && decided !== null ? fieldProblem(decided, known) : undefined;
    if (problem !== undefined) throw new Error(problem);
    return decided;
  } catch (error) {
    const message = errorMessage(error);
    if (message === timedOut) return { failed: timedOut, peerReason: timedOut };
    return { failed: `${name} failed: ${message}`, peerReason: `${name} failed` };
  }
}

/** Why a request is denied. */
export interface RuleDenial {
  /** For the log. */
  readonly reason: string;
  /** For the peer; empty where the rule gives no reason. */
  readonly peerReason: string;
  /** Whether the rule failed, so that the server is at fault. */
  readonly isFailure: boolean;
}

/** The denial in an answer that does not allow the request. */
export function denialOf(answer: unknown): RuleDenial {
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Partial<Refusal & RuleFailure>;
  const { deny, failed, peerReason = "" } = fields;
  if (typeof deny === "string") return { reason: deny, peerReason: deny, isFailure: false };
  if (typeof failed === "string") return { reason: failed, peerReason, isFailure: true };
  return { reason: "not permitted", peerReason: "", isFailure: false };
}
