// Stock ssh to a stock sshd: a command, and files by cat.
import { startSshd } from "./shared/openssh.js";
import { sourceOf, stockSession } from "./shared/stock-ssh.js";

export const runsPrograms = true;

export const serve = startSshd;

export async function connect(server) {
  return stockSession(server, { command: "true", down: `cat ${sourceOf(server)}`, up: "cat > /dev/null" });
}
