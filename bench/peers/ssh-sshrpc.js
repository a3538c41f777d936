// Stock ssh to `sshrpc serve`: a small method, and files by methods of bytes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeKeys } from "./shared/openssh.js";
import { sourceOf, stockSession } from "./shared/stock-ssh.js";

export const runsPrograms = true;

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

export async function serve() {
  const { folder, hostKey } = makeKeys({ options: 'scopes="bench:*" ' });
  const files = { "--host-key": join(folder, "host"), "--authorized-keys": join(folder, "keys") };
  const handlers = path("shared/file-handlers.js");
  const words = [
    "serve",
    "--handlers",
    handlers,
    "--listen",
    "127.0.0.1",
    "--port",
    "0",
    ...Object.entries(files).flat(),
  ];
  const child = spawn(process.execPath, [path("../../runtime/bin/sshrpc.js"), ...words], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, FILE: sourceOf({ folder }) },
  });
  process.once("exit", () => child.kill());
  const [text] = await once(child.stdout, "data");
  child.stdout.resume();
  return { folder, hostKey, port: Number(/:(\d+)$/m.exec(text)[1]) };
}

export async function connect(server) {
  return stockSession(server, {
    command: `GET /item id=7 text=hello ok=true`,
    down: "GET /bytes",
    up: "STORE /bytes",
  });
}
