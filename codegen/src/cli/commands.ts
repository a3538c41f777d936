import type { Command } from "commander";
import { addDevCommand } from "./dev.js";
import { addDiffCommand } from "./diff.js";
import { addGenCommand } from "./gen.js";
import type { CodegenIo } from "./io.js";

/** Adds the commands `gen`, `dev` and `diff` to `sshrpc`. */
export function addCommands(program: Command, io: CodegenIo): void {
  addGenCommand(program, io);
  addDevCommand(program, io);
  addDiffCommand(program, io);
}
