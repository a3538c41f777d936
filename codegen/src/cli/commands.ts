import type { Command } from "commander";
import { addDevCommand } from "./dev.js";
import { addGenCommand } from "./gen.js";

/** Adds `gen` and `dev` to the `sshrpc` command. */
export function addCommands(program: Command): void {
  addGenCommand(program);
  addDevCommand(program);
}
