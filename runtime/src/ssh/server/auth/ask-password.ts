import type { KeyboardInteractiveHandler } from "./keyboard-interactive-handler.js";
import type { PasswordCheck } from "./password-check.js";

/** Asks for a password by keyboard-interactive, for clients that know no other way; and for a new one where that is due. */
export function askPassword(check: PasswordCheck): KeyboardInteractiveHandler {
  return async (attempt, prompt) => {
    const [password = ""] = await prompt({ prompts: ["Password: "] });
    let answer = await check({ ...attempt, password });
    while (answer !== undefined && "changePassword" in answer) {
      const [newPassword = "", again] = await prompt({
        instruction: answer.changePassword,
        prompts: ["New password: ", "Retype new password: "],
      });
      if (newPassword !== again) answer = { changePassword: "The passwords do not match." };
      else answer = await check({ ...attempt, password, newPassword });
    }
    return answer;
  };
}
