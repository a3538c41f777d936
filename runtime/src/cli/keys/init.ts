import type { Command } from "commander";
import { loadHostKey } from "../../ssh/keys/identity/host-key.js";
import { parseFileName } from "../shared/arguments.js";
import { DEFAULTS } from "../shared/defaults.js";
import { prepareHome } from "../shared/home.js";

/** `sshrpc keys init`: creates the host key and authorized_keys if missing, like the first start of a server. */
export function addInitCommand(keys: Command): void {
  keys
    .command("init")
    .description("create the host key and an empty authorized_keys file, if missing")
    .option("--home <directory>", "directory of the files", parseFileName, DEFAULTS.home)
    .action(init);
}

async function init({ home }: { readonly home: string }): Promise<void> {
  const { hostKey, authorizedKeys } = await prepareHome(home);
  const { publicKey } = await loadHostKey(hostKey);
  process.stdout.write(`host key         ${hostKey}
fingerprint      ${publicKey.fingerprint}
authorized keys  ${authorizedKeys}
`);
}
