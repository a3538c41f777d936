import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, type NotesClient } from "../../generated/client.js";
import { generateKeyPair } from "../../runtime/src/compose/key-pair.js";
import { bundle } from "../support/bundle.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(ROOT, "runtime/bin/sshrpc.js");

/** Milliseconds after which a running program is killed. */
const PATIENCE = 45_000;

/** A process of `sshrpc serve`; the program and the handlers are bundled. */
export interface ExampleServer {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly address: string;
  /** Kills the process if it still runs, and resolves when it has exited. */
  kill(): Promise<void>;
}

interface ServeOptions {
  readonly wrap?: string;
  readonly port?: number;
  readonly flags?: readonly string[];
}

/** A running program. */
export interface Program {
  readonly process: ChildProcess;
  /** Its standard output so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Its exit status, once it has ended. */
  readonly status: Promise<number | null>;
}

/**
 * A directory with keys, a log and a folder of files for the example programs. Its creator disposes it, which ends all of
 * its processes.
 */
export class Workplace implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "sshrpc-examples-"));
  /** The log that the server sends. */
  readonly log = this.path("access.log");
  /** The folder of the server's files. */
  readonly files = this.path("files");
  readonly #key = generateKeyPair();
  readonly #children = new Set<ChildProcess>();
  #disposed = false;
  readonly #clients: NotesClient[] = [];

  /** @param users the user names that the key may log in under */
  constructor(scopes = "*", users = ',users="alice,bob"') {
    for (const folder of ["files", "server", "home/.ssh"]) mkdirSync(this.path(folder), { recursive: true });
    writeFileSync(this.path("home/.ssh/id_ed25519"), this.#key.privateKey, { mode: 0o600 });
    writeFileSync(this.path("home/.ssh/id_ed25519.pub"), `${this.#key.publicKey} alice\n`);
    // npm takes half a second to find a program that PATH finds, too.
    writeFileSync(this.path("npx"), '#!/bin/sh\nexec "$@"\n', { mode: 0o700 });
    const line = `scopes="${scopes}"${users} ${this.#key.publicKey} alice\n`;
    writeFileSync(this.path("server/authorized_keys"), line, { mode: 0o600 });
  }

  /** The public key of the programs, as a line of authorized_keys. */
  get publicKey(): string {
    return this.#key.publicKey;
  }

  /** Adds a host key that the programs trust. @param line of known_hosts */
  know(line: string): void {
    appendFileSync(this.path("home/.ssh/known_hosts"), `${line}\n`);
  }

  /** Trusts the host key of the server at one port at another port, too. */
  trust(port: number, other: number): void {
    const known = readFileSync(this.path("home/.ssh/known_hosts"), "utf8").split("\n");
    for (const line of known) if (line.includes(`:${port} `)) this.know(line.replace(`:${port} `, `:${other} `));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** @param options `wrap`, a shell command that runs first, in the same process; `port`, a fixed port; `flags`, further flags */
  async serve(options: ServeOptions = {}): Promise<ExampleServer> {
    const { wrap, port: wanted = 0, flags: more = [] } = options;
    const [sshrpc, handlers] = [this.path("sshrpc.mjs"), this.path("handlers.mjs")];
    await Promise.all([bundle(BIN, sshrpc), bundle(join(ROOT, "examples/server.ts"), handlers)]);
    const flags = ["--handlers", handlers, "--port", `${wanted}`, "--home", this.path("server"), ...more];
    const command = [process.execPath, sshrpc, "serve", ...flags];
    const child =
      wrap === undefined ? this.#spawn(command) : this.#spawn(["sh", "-c", `${wrap}; exec "$@"`, "sh", ...command]);
    const text = await introduction(child);
    const [, port] = /listens on 127\.0\.0\.1:(\d+)/.exec(text) ?? [];
    const [, known] = /echo "(\[127\.[^"]*)" >>/.exec(text) ?? [];
    appendFileSync(this.path("home/.ssh/known_hosts"), `${known}\n`);
    return {
      process: child,
      pid: child.pid as number,
      port: Number(port),
      address: `ssh://alice@127.0.0.1:${port}`,
      kill: () => kill(child),
    };
  }

  /** A typed client, with the keys of the programs. */
  async connect(server: { readonly address: string }): Promise<NotesClient> {
    const client = await connect(server.address, this.keys);
    this.#clients.push(client);
    return client;
  }

  get keys(): { identity: string; knownHosts: string } {
    return { identity: this.path("home/.ssh/id_ed25519"), knownHosts: this.path("home/.ssh/known_hosts") };
  }

  /** Starts an example program, bundled, with these arguments; a timeout kills it. */
  async start(program: string, ...args: readonly string[]): Promise<Program> {
    return this.#follow([process.execPath, await this.bundle(program), ...args]);
  }

  /** Bundles an example program. @returns its path */
  async bundle(program: string): Promise<string> {
    const file = this.path(`${basename(program, ".ts")}.mjs`);
    await bundle(join(ROOT, program), file);
    return file;
  }

  /** Starts a command of a page in the repository, as its reader does; `npx` finds the programs there. A timeout kills it. */
  shell(command: string): Program {
    return this.#follow(["sh", "-c", command.replace(/^npx |&& npx /g, (npx) => npx.replace("npx", "exec npx"))]);
  }

  #follow(command: readonly string[]): Program {
    const child = this.#spawn(command, PATIENCE);
    const text = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
        text[name] += chunk;
      });
    }
    child.stdin?.on("error", () => undefined);
    const status = new Promise<number | null>((resolve, reject) => {
      child.on("error", reject).on("close", (code) => resolve(code));
    });
    return {
      process: child,
      status,
      get stdout() {
        return text.stdout;
      },
      get stderr() {
        return text.stderr;
      },
    };
  }

  /** Runs an example program until it exits. */
  async run(
    program: string,
    ...args: readonly string[]
  ): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const running = await this.start(program, ...args);
    running.process.stdin?.end();
    const status = await running.status;
    return { status, stdout: running.stdout, stderr: running.stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all([...this.#children].map(kill));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #spawn([command = "", ...args]: readonly string[], timeout?: number): ChildProcess {
    // A timed-out test keeps running and must not leave a process behind.
    if (this.#disposed) throw new Error("the workplace is closed");
    const env = {
      ...process.env,
      HOME: this.path("home"),
      PATH: [this.directory, join(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
      SSH_AUTH_SOCK: "",
      NO_COLOR: "1",
      NODE_OPTIONS: "",
      WEBLOG: this.log,
      FILES: this.files,
    };
    const child = spawn(command, args, { cwd: ROOT, env, killSignal: "SIGKILL", ...(timeout && { timeout }) });
    this.#children.add(child);
    child.once("close", () => this.#children.delete(child));
    return child;
  }
}

/** The line that a server prints when it is ready. */
function introduction(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    let errors = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("To call a method:")) resolve(text);
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      errors = (errors + chunk).slice(-10_000);
    });
    child.once("close", (code) => reject(new Error(`the server exited with status ${code}: ${errors}`)));
  });
}

function kill(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve()).kill("SIGKILL");
  });
}
