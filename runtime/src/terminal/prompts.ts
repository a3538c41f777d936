import { formatHostPort } from "../base/net/host-port.js";
import { printable } from "../base/printable.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import type { HostKeyInfo } from "../ssh/client/trust/host-trust-options.js";
import { openTerminal, type Terminal } from "./terminal.js";

/** The options of a connection that prompt a user. */
export type PromptOptions = Pick<DialOptions, "passphrase" | "password" | "newPassword" | "prompts" | "hostKey">;

/**
 * Prompts at the terminal as ssh does: for passphrases, passwords, keyboard-interactive prompts, and unknown host keys; the
 * answer yes adds the key to known_hosts. Without a terminal there are no prompts, and a connection that needs one fails.
 */
export function terminalPrompts(terminal: Terminal | undefined = openTerminal()): PromptOptions {
  if (terminal === undefined) return {};
  return {
    passphrase: (file) => terminal.ask(`Passphrase for ${printable(file)}: `, { echo: false }),
    password: ({ user, host }) => terminal.ask(`Password for ${printable(user)}@${printable(host)}: `, { echo: false }),
    newPassword: ({ user, host, message }) =>
      changePassword(terminal, `${printable(user)}@${printable(host)}`, message),
    prompts: async ({ name, instructions, prompts }) => {
      for (const text of [name, instructions]) showText(terminal, text);
      const answers: string[] = [];
      for (const { text, echo } of prompts) answers.push(await terminal.ask(printable(text), { echo }));
      return answers;
    },
    hostKey: (question) => confirmHost(terminal, question),
  };
}

async function changePassword(terminal: Terminal, account: string, message: string): Promise<string> {
  showText(terminal, message);
  for (;;) {
    const password = await terminal.ask(`New password for ${account}: `, { echo: false });
    if ((await terminal.ask("Retype new password: ", { echo: false })) === password) return password;
    terminal.show("The passwords do not match.");
  }
}

/** A changed host key is refused without a prompt: a user might confirm it by habit. */
async function confirmHost(terminal: Terminal, question: HostKeyInfo): Promise<false | "save"> {
  const { host, port, keyType, fingerprint, reason } = question;
  if (reason === "changed") return false;
  terminal.show(`Unknown host ${formatHostPort(printable(host), port)} with the ${keyType} key ${fingerprint}.`);
  for (;;) {
    const answer = (
      await terminal.ask("Trust this key and add it to known_hosts (yes, no, or the expected fingerprint)? ")
    ).trim();
    if (answer === fingerprint || answer.toLowerCase() === "yes") return "save";
    if (answer.toLowerCase() === "no" || answer.startsWith("SHA256:")) return false;
  }
}

/** Shows text of the server without control characters. */
function showText(terminal: Terminal, text: string): void {
  for (const line of text.split(/\r?\n/)) if (line !== "") terminal.show(printable(line));
}
