/** `sshrpc/prompts`: asks a person at the terminal for what it takes to connect. */
export { type PromptOptions, terminalPrompts } from "./terminal/prompts.js";
export type { Terminal } from "./terminal/terminal.js";
