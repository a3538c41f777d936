import type { Command } from "commander";
import { addDevCommand } from "./dev.js";
import { addDiffCommand } from "./diff.js";
import { addExplainCommand } from "./explain.js";
import { addGenCommand } from "./gen.js";
import type { CodegenIo } from "./io.js";
import { addLintCommand } from "./lint.js";

/** Adds the commands of code generation and of contracts to `sshrpc`. */
export function addCommands(program: Command, io: CodegenIo): void {
  addGenCommand(program, io);
  addDevCommand(program, io);
  addLintCommand(program, io);
  addDiffCommand(program, io);
  addExplainCommand(program, io);
}
