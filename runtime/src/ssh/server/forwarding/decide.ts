import { errorMessage } from "../../../base/error-message.js";
import type { Peer } from "../../../base/peer.js";
import type { ForwardRule, Refusal } from "./forwarding-options.js";
import { within } from "./within.js";

/** An answer that a rule did not give in time, or could not give. The peer is told nothing, and the log why. */
export interface NoAnswer {
  readonly failed: string;
}

/** Asks a rule, whatever it does. */
export async function decide<Request, Answer extends boolean | Refusal | object>(
  rule: ForwardRule<Request, Answer>,
  request: Request,
  peer: Peer,
  timeout: number,
): Promise<Answer | NoAnswer> {
  try {
    const answer = rule(request, peer);
    return answer instanceof Promise ? await within(answer, timeout) : answer;
  } catch (error) {
    return { failed: `the rule failed: ${errorMessage(error)}` };
  }
}
