import type { Command } from "commander";
import { addDevCommand } from "./dev.js";
import { addGenCommand } from "./gen.js";

/** Adds the commands `gen` and `dev` to `sshrpc`. */
export function addCommands(program: Command): void {
  addGenCommand(program);
  addDevCommand(program);
}
