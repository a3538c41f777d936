import { formatHostPort } from "../base/host-port.js";
import { printable } from "../base/printable.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import type { HostKeyQuestion } from "../ssh/client/trust/host-trust-options.js";
import { openTerminal, type Terminal } from "./terminal.js";

/** The options of a dial that ask a person. */
export type PromptOptions = Pick<DialOptions, "passphrase" | "password" | "newPassword" | "prompts" | "hostKey">;

/**
 * Asks at the terminal as ssh does: for passphrases, passwords, what a server wants to know, and whether a host that nobody
 * knows is the right one; yes adds it to known_hosts. Without a terminal nobody is asked, and what would need an answer fails.
 */
export function terminalPrompts(terminal: Terminal | undefined = openTerminal()): PromptOptions {
  if (terminal === undefined) return {};
  return {
    passphrase: (file) => terminal.ask(`Passphrase of ${printable(file)}: `, false),
    password: ({ user, host }) => terminal.ask(`Password of ${printable(user)}@${printable(host)}: `, false),
    newPassword: ({ user, host, message }) =>
      changePassword(terminal, `${printable(user)}@${printable(host)}`, message),
    prompts: async ({ name, instructions, prompts }) => {
      for (const text of [name, instructions]) showText(terminal, text);
      const answers: string[] = [];
      for (const { text, echo } of prompts) answers.push(await terminal.ask(printable(text), echo));
      return answers;
    },
    hostKey: (question) => confirmHost(terminal, question),
  };
}

async function changePassword(terminal: Terminal, account: string, message: string): Promise<string> {
  showText(terminal, message);
  for (;;) {
    const password = await terminal.ask(`New password of ${account}: `, false);
    if ((await terminal.ask("The same again: ", false)) === password) return password;
    terminal.show("They differ.");
  }
}

/** A changed key is no question: somebody would say yes. */
async function confirmHost(terminal: Terminal, question: HostKeyQuestion): Promise<false | "save"> {
  const { host, port, keyType, fingerprint, reason } = question;
  if (reason === "changed") return false;
  terminal.show(`${formatHostPort(printable(host), port)} is not known. It offers the ${keyType} key ${fingerprint}.`);
  for (;;) {
    const answer = (
      await terminal.ask("Is that its key (yes, no, or the fingerprint that it should have)? ", true)
    ).trim();
    if (answer === fingerprint || answer.toLowerCase() === "yes") return "save";
    if (answer.toLowerCase() === "no" || answer.startsWith("SHA256:")) return false;
  }
}

/** What a server says must not steer the terminal. */
function showText(terminal: Terminal, text: string): void {
  for (const line of text.split(/\r?\n/)) if (line !== "") terminal.show(printable(line));
}
