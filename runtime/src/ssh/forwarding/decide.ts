import type { Peer } from "../../peer.js";
import type { ForwardRule, Refusal } from "../forwarding-options.js";

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
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<NoAnswer>((resolve) => {
    timer = setTimeout(
      () => resolve({ failed: `the rule did not answer within ${timeout} ms (forwarding.timeout)` }),
      timeout,
    );
  });
  try {
    return await Promise.race([rule(request, peer), late]);
  } catch (error) {
    return { failed: `the rule failed: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    clearTimeout(timer);
  }
}
