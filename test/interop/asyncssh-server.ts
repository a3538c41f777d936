import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { makeKey, tempDir, write } from "../unit/runtime/ssh/support.js";
import { PYTHON } from "./stock.js";

/** What an asyncssh server asks of those who log in. */
export interface Asks {
  /** The password that it accepts. */
  readonly password?: string;
  /** The password that it wants changed, and what it wants of the new one. */
  readonly expired?: { readonly password: string; readonly message: string };
  /** Rounds of keyboard-interactive: a title, instructions, and prompts with their echo; and the answers. */
  readonly rounds?: readonly {
    readonly name: string;
    readonly instructions: string;
    readonly prompts: readonly (readonly [string, boolean])[];
    readonly answers: readonly string[];
  }[];
  /** The line of a key that it accepts. */
  readonly key?: string;
  /** The signatures that it takes. */
  readonly signatureAlgorithms?: readonly string[];
  /** How many bytes it sends with the same keys. */
  readonly rekeyBytes?: number;
}

const SERVER = `
import asyncio, asyncssh, json, sys
asks = json.loads(sys.argv[1])

class Server(asyncssh.SSHServer):
    def begin_auth(self, username):
        return True
    def public_key_auth_supported(self):
        return "key" in asks
    def validate_public_key(self, username, key):
        return "key" in asks and key == asyncssh.import_public_key(asks["key"])
    def password_auth_supported(self):
        return "password" in asks or "expired" in asks
    def validate_password(self, username, password):
        print("password", password, file=sys.stderr, flush=True)
        if "expired" in asks and password == asks["expired"]["password"]:
            raise asyncssh.PasswordChangeRequired(asks["expired"]["message"])
        return password == asks.get("password")
    def change_password(self, username, old, new):
        print("change", old, new, file=sys.stderr, flush=True)
        if len(new) < 8:
            raise asyncssh.PasswordChangeRequired("longer, please")
        return old == asks["expired"]["password"]
    def kbdint_auth_supported(self):
        return "rounds" in asks
    def get_kbdint_challenge(self, username, lang, submethods):
        self.round = 0
        return self.challenge()
    def challenge(self):
        it = asks["rounds"][self.round]
        return it["name"], it["instructions"], "", [tuple(prompt) for prompt in it["prompts"]]
    def validate_kbdint_response(self, username, responses):
        if list(responses) != asks["rounds"][self.round]["answers"]:
            return False
        self.round += 1
        return True if self.round == len(asks["rounds"]) else self.challenge()

async def echo(process):
    while True:
        data = await process.stdin.read(65536)
        if not data:
            break
        process.stdout.write(data)
    process.exit(0)

async def main():
    extra = {"signature_algs": asks["signatureAlgorithms"]} if "signatureAlgorithms" in asks else {}
    if "rekeyBytes" in asks:
        extra["rekey_bytes"] = asks["rekeyBytes"]
    server = await asyncssh.create_server(Server, "127.0.0.1", 0, server_host_keys=[sys.argv[2]],
                                          process_factory=echo, encoding=None, **extra)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()
asyncio.run(main())
`;

/** An asyncssh server whose subsystem gives back what it gets. */
export interface AsyncsshServer {
  readonly address: string;
  readonly port: number;
  readonly knownHosts: string;
  /** The passwords that it received, a line each. */
  readonly heard: () => string;
}

/** Starts an asyncssh server; it ends with the test. */
export async function startAsyncssh(asks: Asks): Promise<AsyncsshServer> {
  const directory = tempDir();
  const hostKey = makeKey(directory, "host");
  const child = spawn(PYTHON, ["-W", "ignore", "-c", SERVER, JSON.stringify(asks), hostKey.file]);
  onTestFinished(() => void child.kill());
  let heard = "";
  child.stderr.on("data", (chunk) => {
    heard += chunk;
  });
  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`asyncssh does not start: ${heard}`)), 30_000);
    child.stdout.once("data", (chunk) => resolve(Number(chunk)));
    child.once("error", reject).once("exit", () => reject(new Error(`asyncssh ended: ${heard}`)));
    child.stdout.once("data", () => clearTimeout(timer));
  });
  const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${port} ${hostKey.line}\n`);
  return { address: `ssh://alice@127.0.0.1:${port}`, port, knownHosts, heard: () => heard };
}
