import type { KeyboardAuthContext } from "ssh2";
import { withSignal } from "../../../base/async/with-signal.js";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { dequeueWhenAbandoned } from "../../ssh2/auth/server-auth.js";
import { type Decision, deny } from "./decision.js";
import type { KeyboardInteractiveHandler, PromptRound } from "./keyboard-interactive-handler.js";
import type { LoginAttempt } from "./login-attempt.js";
import { checkGrant } from "./login-grant.js";
import { isSecret } from "./password.js";
import type { PasswordCheck } from "./password-check.js";

/** The limit that `PromptRound.prompts` documents. */
export const MAX_PROMPTS = 16;

/** Decides on one attempt to log in by prompts (RFC 4256); it never rejects. */
export async function decideKeyboardInteractive(
  context: KeyboardAuthContext,
  handler: KeyboardInteractiveHandler,
  attempt: LoginAttempt,
  maxRounds: number,
): Promise<Decision> {
  dequeueWhenAbandoned(context);
  let rounds = 0;
  const prompt = (round: PromptRound): Promise<readonly string[]> => {
    const answers = withSignal(() => {
      if (++rounds > maxRounds) throw new Error(`more than ${maxRounds} prompt rounds (maxPromptRounds)`);
      return sendRound(context, round);
    }, attempt.signal);
    // The handler may not be awaiting this round when it fails: the rejection must not end the process.
    answers.catch(() => {});
    return answers;
  };
  try {
    const grant = await handler(attempt, prompt);
    if (grant === undefined) return deny("wrong answers");
    const proven = { principal: attempt.user, ...checkGrant(grant) };
    return { outcome: "verified", verified: { method: "keyboard-interactive", grant: proven } };
  } catch (error) {
    return deny(`keyboard-interactive failed: ${printable(errorMessage(error))}`);
  }
}

function sendRound(context: KeyboardAuthContext, { title, instruction, prompts = [] }: PromptRound): Promise<string[]> {
  if (prompts.length > MAX_PROMPTS) {
    throw new Error(`${prompts.length} prompts in one round; at most ${MAX_PROMPTS} are allowed`);
  }
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

/** Prompts for a password, for clients that have no method `password`, and for a new one where the old has expired. */
export function promptForPassword(check: PasswordCheck): KeyboardInteractiveHandler {
  return async (attempt, prompt) => {
    const [password = ""] = await prompt({ prompts: ["Password: "] });
    let answer = await check({ ...attempt, password });
    while (answer !== undefined && "changePassword" in answer) {
      const [newPassword = "", repeated] = await prompt({
        instruction: answer.changePassword,
        prompts: ["New password: ", "Retype new password: "],
      });
      if (newPassword !== repeated) answer = { changePassword: "The passwords do not match." };
      else answer = await check({ ...attempt, password, newPassword });
    }
    return answer;
  };
}
