/** `sshrpc/prompts`: prompts at the terminal for passphrases, passwords and host keys. */
export { type PromptOptions, terminalPrompts } from "./terminal/prompts.js";
export type { Terminal } from "./terminal/terminal.js";
