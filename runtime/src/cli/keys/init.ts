import type { Command } from "commander";
import { loadHostKey } from "../../ssh/keys/identity/host-key.js";
import { parseFileName } from "../shared/arguments.js";
import { DEFAULTS } from "../shared/defaults.js";
import { prepareHome } from "../shared/home.js";
import { type CliIo, pathOf } from "../shared/io.js";

interface InitFlags {
  readonly home: string;
}

/** `sshrpc keys init`: creates the host key and authorized_keys if missing, like the first start of a server. */
export function addInitCommand(keys: Command, io: CliIo): void {
  keys
    .command("init")
    .description("create the host key and an empty authorized_keys file, if missing")
    .option("--home <directory>", "directory of the files", parseFileName, DEFAULTS.home)
    .action((flags: InitFlags) => init(flags, io));
}

async function init({ home }: InitFlags, io: CliIo): Promise<void> {
  const { hostKey, authorizedKeys } = await prepareHome(pathOf(io, home));
  const { publicKey } = await loadHostKey(hostKey);
  io.stdout.write(`host key         ${hostKey}
fingerprint      ${publicKey.fingerprint}
authorized keys  ${authorizedKeys}
`);
}
