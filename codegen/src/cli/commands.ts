import type { Command } from "commander";
import { addDevCommand } from "./dev.js";
import { addDiffCommand } from "./diff.js";
import { addExplainCommand } from "./explain.js";
import { addGenCommand } from "./gen.js";
import type { CodegenIo } from "./io.js";
import { addLintCommand } from "./lint.js";

/** Adds the commands `gen`, `dev`, `diff`, `lint` and `explain` to `sshrpc`. */
export function addCommands(program: Command, io: CodegenIo): void {
  addGenCommand(program, io);
  addDevCommand(program, io);
  addDiffCommand(program, io);
  addLintCommand(program, io);
  addExplainCommand(program, io);
}
