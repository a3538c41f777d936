import type { Command } from "commander";
import { InvalidOptionsError } from "../base/invalid-options-error.js";
import { suggestion } from "../base/suggestion.js";
import type { CodegenIo } from "./io.js";

/** Adds `sshrpc explain`. */
export function addExplainCommand(program: Command, io: CodegenIo): void {
  program
    .command("explain")
    .description("explain a rule of lint or diff, or list the rules")
    .argument("[rule]", "name of a rule, as findings and changes end with it")
    .action(async (id: string | undefined) => {
      const { EXPLANATIONS } = await import("../explanations.js");
      if (id === undefined) {
        const width = Math.max(...EXPLANATIONS.map((one) => one.id.length));
        io.stdout.write(EXPLANATIONS.map((one) => `${one.id.padEnd(width)}  ${one.title}\n`).join(""));
        return;
      }
      const found = EXPLANATIONS.find((one) => one.id === id);
      if (found === undefined) {
        const hint = suggestion(
          id,
          EXPLANATIONS.map((one) => one.id),
        );
        throw new InvalidOptionsError(`unknown rule ${JSON.stringify(id)}${hint}; "sshrpc explain" lists the rules`);
      }
      io.stdout.write(`${found.id}: ${found.title}\n\n${found.explanation}\n`);
    });
}
