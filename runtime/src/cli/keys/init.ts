import type { Command } from "commander";
import { loadHostKey } from "../../ssh/keys/identity/host-key.js";
import { parseFileName } from "../file-name.js";
import { DEFAULTS } from "../shared/defaults.js";
import { prepareHome } from "../shared/home.js";

/** `sshrpc keys init`: makes the host key and an empty list, where they are missing, as the first start of a server does. */
export function addInitCommand(keys: Command): void {
  keys
    .command("init")
    .description("make a server's host key and an empty list, where they are missing")
    .option("--home <directory>", "where to keep them", parseFileName, DEFAULTS.home)
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
