import type { KeyboardAuthContext } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { checkGrant } from "./check-grant.js";
import { type Decision, refuse } from "./decision.js";
import type { KeyboardInteractiveHandler, PromptRound } from "./keyboard-interactive-handler.js";
import type { LoginAttempt } from "./login-attempt.js";
import { isSecret } from "./password.js";
import { withTimeout } from "./with-timeout.js";

/** As many as `Question.prompts` says. */
const MAX_PROMPTS = 16;

/** Decides on one attempt to log in by questions (RFC 4256); it never rejects. */
export async function decideKeyboardInteractive(
  context: KeyboardAuthContext,
  questioning: KeyboardInteractiveHandler,
  attempt: LoginAttempt,
  maxRounds: number,
): Promise<Decision> {
  // ssh2 forgets to take a request off its list that is given up for another.
  context.once("abort", () =>
    (context as unknown as { _protocol: { _authsQueue: string[] } })._protocol._authsQueue.shift(),
  );
  let rounds = 0;
  const ask = (question: PromptRound): Promise<readonly string[]> => {
    const answers = withTimeout(attempt.signal, () => {
      if (++rounds > maxRounds) throw new Error(`more than ${maxRounds} rounds of questions (maxPromptRounds)`);
      return askOnce(context, question);
    });
    // Who asks may wait for something else by then: that must not end the process.
    answers.catch(() => {});
    return answers;
  };
  try {
    const grant = await questioning(attempt, ask);
    if (grant === undefined) return refuse("the answers are wrong");
    return { outcome: "proven", proof: { method: "keyboard-interactive", grant: checkGrant(grant) } };
  } catch (error) {
    return refuse(`the questions failed: ${printable(errorMessage(error))}`);
  }
}

function askOnce(context: KeyboardAuthContext, { title, instruction, prompts = [] }: PromptRound): Promise<string[]> {
  if (prompts.length > MAX_PROMPTS) throw new Error(`${prompts.length} prompts in one round; ${MAX_PROMPTS} may be`);
  const fields = prompts.map((prompt) => (typeof prompt === "string" ? { text: prompt } : prompt));
  return new Promise((resolve, reject) => {
    const texts = fields.map(({ text, echo = false }) => ({ prompt: text, echo }));
    context.prompt(texts, title ?? "", instruction ?? "", (answers: readonly unknown[] | Error) => {
      if (answers instanceof Error) reject(answers);
      else if (answers.length !== fields.length) {
        reject(new Error(`${answers.length} answers to ${fields.length} prompts`));
      } else if (!answers.every(isSecret)) reject(new Error("an answer is too long"));
      else resolve([...answers]);
    });
  });
}
