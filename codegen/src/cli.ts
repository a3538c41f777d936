import type { Command } from "commander";
import { addDevCommand } from "./cli/dev.js";
import { addGenCommand } from "./cli/gen.js";

/** Adds `gen` and `dev` to the `sshrpc` command. */
export function addCommands(program: Command): void {
  addGenCommand(program);
  addDevCommand(program);
}
