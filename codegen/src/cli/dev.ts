import type { Command } from "commander";
import { addGenFlags, type GenFlags, generateOptions } from "./gen-options.js";
import type { CodegenIo } from "./io.js";

interface DevFlags extends GenFlags {
  readonly handlers?: string;
  readonly config?: string;
}

/** Adds `sshrpc dev`. It runs until SIGINT or SIGTERM. */
export function addDevCommand(program: Command, io: CodegenIo): void {
  const command = program
    .command("dev")
    .description("watch the schema, regenerate on change and restart the server")
    .usage("[options] [serve options]")
    .argument("[serve options...]", "options of sshrpc serve; they require --handlers")
    .allowUnknownOption();
  addGenFlags(command)
    .option(
      "--handlers <file>",
      "run `sshrpc serve` with this handlers file and restart it on change; with a folder of modules, it loads them again without a restart",
    )
    .addHelpText(
      "after",
      "\nOther options, and --config, are passed to `sshrpc serve`, such as --listen, --port, --home, --host-key and --authorized-keys.\n--log-level is debug there, which has a line for each call. The nearest tsconfig.json at or above the handlers is checked in the background.",
    )
    .action(async (serveArgs: readonly string[], { handlers, config, ...flags }: DevFlags) => {
      const options = generateOptions(flags, io.cwd());
      // It needs the compiler, which `gen` may not.
      const { dev } = await import("./run-dev.js");
      await dev({ options, handlers, config, serveArgs }, io);
    });
}
