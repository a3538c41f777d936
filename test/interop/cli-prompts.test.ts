import { existsSync, readFileSync } from "node:fs";
import { expect, vi } from "vitest";
import { copyKey } from "../fixtures/keys.js";
import { BIN, sshrpc } from "../unit/runtime/cli/run.js";
import { tempDir, write } from "../unit/runtime/ssh/support.js";
import { startAsyncssh } from "./asyncssh-server.js";

import { run } from "./run.js";
import { itWith, PYTHON } from "./stock.js";

/** Runs `sshrpc call` at a terminal, and answers these prompts. */
async function callAtTerminal(address: string, home: string, args: string, dialogue: readonly [string, string][]) {
  const steps = dialogue.map(([question, answer]) => `expect "${question}" { send "${answer}" } eof { exit 9 }`);
  const script = `
set timeout 40
log_user 1
spawn ${process.execPath} ${BIN} call ${args} ${address} GET /notes
${steps.join("\n")}
expect eof
`;
  const env = { HOME: home, SSH_AUTH_SOCK: "", NO_COLOR: "1", NODE_OPTIONS: "" };
  return (await run("expect", ["-c", script], "", env)).stdout.replaceAll("\r", "");
}

itWith(
  ["expect", PYTHON, "python3-asyncssh"],
  "prompts at the terminal as ssh does, and shows no secret",
  async () => {
    const home = tempDir();
    const identity = copyKey("ed25519-RFC4716-encrypted", "id");
    const key = readFileSync(`${identity}.pub`, "utf8").trim();
    const rounds = [
      { name: "Hello\u001b[2J", instructions: "", prompts: [["PIN: ", false]] as const, answers: ["1234"] },
    ];
    const server = await startAsyncssh({ key });
    const yes: [string, string] = ["expected fingerprint)\\? ", "yes\\r"];
    const first = await callAtTerminal(server.address, home, `--identity ${identity}`, [
      yes,
      ["Passphrase for ", "wrong\\r"],
      ["Passphrase for ", "correct horse\\r"],
    ]);
    // The login succeeded; the server is not an sshrpc server.
    expect(first).toMatch(/sshrpc: UNAVAILABLE/);
    expect(first).not.toMatch(/wrong|correct horse/);
    expect(readFileSync(`${home}/.ssh/known_hosts`, "utf8").trim()).toBe(
      readFileSync(server.knownHosts, "utf8").trim(),
    );

    const questions = await startAsyncssh({ rounds });
    const second = await callAtTerminal(questions.address, home, "", [yes, ["PIN: ", "1234\\r"]]);
    expect(second).toMatch(/Hello\\u\{1b\}\[2J\n/);
    expect(second).toMatch(/sshrpc: UNAVAILABLE/);
    const refused = await startAsyncssh({ password: "correct horse" });
    expect(await callAtTerminal(refused.address, home, "", [[yes[0], "no\\r"]])).toMatch(
      /rejected by the option hostKey/,
    );
    const typed = await callAtTerminal(refused.address, home, "", [
      yes,
      ["Password for alice@127.0.0.1: ", "correct horse\\r"],
    ]);
    expect(typed).toMatch(/sshrpc: UNAVAILABLE/);
    expect(await callAtTerminal(refused.address, home, "", [["Password for ", "\\u0004"]])).toMatch(/was not answered/);
    expect(await callAtTerminal(refused.address, home, "", [["Password for ", "\\u0003"]])).not.toMatch(/sshrpc: /);
  },
  60_000,
);

itWith([PYTHON, "python3-asyncssh"], "does not prompt without a terminal", async () => {
  const home = tempDir();
  const server = await startAsyncssh({ password: "correct horse" });
  vi.stubEnv("HOME", home);
  const args = ["call", "--known-hosts", write(home, "known", ""), server.address, "GET", "/notes"];
  const { stderr, status } = await sshrpc(args);
  vi.unstubAllEnvs();
  expect(stderr).toMatch(/^sshrpc: UNAUTHENTICATED: unknown host key: /);
  expect([status, existsSync(`${home}/.ssh`)]).toEqual([4, false]);
});
