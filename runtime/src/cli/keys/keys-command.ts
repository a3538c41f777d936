import type { Command } from "commander";
import { addAddCommand } from "./add.js";
import { addInitCommand } from "./init.js";
import { addGenerateCommand, addPublicCommand } from "./key-pair-commands.js";
import { addListCommand } from "./list.js";
import { addPurgeCommand } from "./purge.js";
import { addRemoveCommand } from "./remove.js";
import { addShowCommand } from "./show.js";

/** `sshrpc keys …`: manages authorized keys and key pairs. A running server applies changes at once. */
export function defineKeys(keys: Command): void {
  addInitCommand(keys);
  addAddCommand(keys);
  addListCommand(keys);
  addShowCommand(keys);
  addRemoveCommand(keys);
  addPurgeCommand(keys);
  addGenerateCommand(keys);
  addPublicCommand(keys);
}
