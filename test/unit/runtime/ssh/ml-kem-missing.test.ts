import crypto from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { run } from "../../../interop/run.js";
import { makeKey, tempDir, write } from "./support.js";

const compiled = (path: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../../../runtime/dist/${path}`, import.meta.url)));

/** Resolves every package but those of @noble. */
const HOOK = `export async function resolve(name, context, next) {
  if (name.startsWith("@noble/")) throw new Error("the package is not installed");
  return next(name, context);
}`;

/** Starts a server, connects twice, and prints the lines of its log and the outcomes as JSON. */
const SCRIPT = `
import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(${JSON.stringify(HOOK)}));
const { listen } = await import(${compiled("ssh/server/listen.js")});
const { sshTransport } = await import(${compiled("compose/ssh-transport.js")});
const [hostKey, key, authorizedKeys] = process.argv.slice(1);
const lines = [];
const subsystem = { name: "test", match: ({ kind }) => kind === "subsystem", run: ({ stream }) => void stream.on("error", () => {}).resume() };
const observer = { diagnostic: ({ level, message, error }) => lines.push([level, message, String(error?.message)]) };
const server = await listen({ port: 0, hostKeys: hostKey, authorizedKeys, observer }, [subsystem]);
const dial = async (algorithms) => {
  const options = { identity: key, agent: false, sshConfig: false, hostKey: server.fingerprints[0], algorithms };
  try {
    const duplex = await sshTransport("ssh://alice@127.0.0.1:" + server.port, options).open();
    duplex.on("error", () => {}).destroy();
    return duplex.algorithms.kex;
  } catch ({ status, message }) {
    return { status, message };
  }
};
const outcomes = [await dial(undefined), await dial({ kex: ["curve25519-sha256"] })];
await server.close();
console.log(JSON.stringify({ lines, outcomes }));
`;

/** Whether this Node has ML-KEM: since 24.7, with OpenSSL 3.5 and later. */
function hasMlKem(): boolean {
  try {
    // OneAsymmetricKey of a seed (RFC 9935, section 6).
    const key = Buffer.concat([Buffer.from("3054020100300b060960864801650304040204428040", "hex"), Buffer.alloc(64)]);
    crypto.createPrivateKey({ key, format: "der", type: "pkcs8" });
    return "encapsulate" in crypto;
  } catch {
    return false;
  }
}

// Where Node has ML-KEM, the package is never loaded.
test.skipIf(hasMlKem())(
  "without @noble/post-quantum, a server says so and offers the other key exchanges, and a client names the reason",
  async () => {
    const directory = tempDir();
    const [hostKey, alice] = [makeKey(directory, "host"), makeKey(directory, "alice")];
    const authorizedKeys = write(directory, "authorized_keys", `${alice.line}\n`);
    const args = ["--input-type=module", "-e", SCRIPT, hostKey.file, alice.file, authorizedKeys];
    const { stdout, stderr } = await run(process.execPath, args);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      lines: [["error", "mlkem768x25519-sha256 is not offered: cannot load ML-KEM", "the package is not installed"]],
      outcomes: [
        { status: "UNAVAILABLE", message: "cannot load ML-KEM: the package is not installed" },
        "curve25519-sha256",
      ],
    });
  },
);
