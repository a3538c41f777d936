import type { Questioning } from "./keyboard-interactive-handler.js";
import type { PasswordCheck } from "./password-check.js";

/** Asks for a password by keyboard-interactive, for clients that know no other way; and for a new one where that is due. */
export function askPassword(check: PasswordCheck): Questioning {
  return async (attempt, ask) => {
    const [password = ""] = await ask({ prompts: ["Password: "] });
    let answer = await check({ ...attempt, password });
    while (answer !== undefined && "change" in answer) {
      const [newPassword = "", again] = await ask({
        instruction: answer.change,
        prompts: ["New password: ", "Retype new password: "],
      });
      if (newPassword !== again) answer = { change: "The passwords do not match." };
      else answer = await check({ ...attempt, password, newPassword });
    }
    return answer;
  };
}
