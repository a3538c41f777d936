import type { Command } from "commander";
import type { CliIo } from "../shared/io.js";
import { addAddCommand } from "./add.js";
import { addInitCommand } from "./init.js";
import { addGenerateCommand, addPublicCommand } from "./key-pair-commands.js";
import { addListCommand } from "./list.js";
import { addPurgeCommand } from "./purge.js";
import { addRemoveCommand } from "./remove.js";
import { addShowCommand } from "./show.js";

/** `sshrpc keys …`: manages authorized keys and key pairs. A running server applies changes at once. */
export function defineKeys(keys: Command, io: CliIo): void {
  addInitCommand(keys, io);
  addAddCommand(keys, io);
  addListCommand(keys, io);
  addShowCommand(keys, io);
  addRemoveCommand(keys, io);
  addPurgeCommand(keys, io);
  addGenerateCommand(keys, io);
  addPublicCommand(keys, io);
}
