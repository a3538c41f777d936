import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { it, onTestFinished } from "vitest";

/** Debian's Python, which has the package python3-asyncssh. */
const PYTHON = "/usr/bin/python3";

/** Timeout in ms for an expected event. */
const EVENT_TIMEOUT = 30_000;

const isInstalled = spawnSync(PYTHON, ["-W", "ignore", "-c", "import asyncssh"]).status === 0;

/** A test against a peer on asyncssh; skipped where that is missing, except in CI. */
export function itWithAsyncssh(title: string, test: () => Promise<void>, timeout?: number): void {
  if (isInstalled || process.env["CI"] === "true") it(title, test, timeout);
  else it.skip(`${title} (not installed: python3-asyncssh)`, test);
}

type Event = Readonly<Record<string, unknown>> & { readonly event: string };

/** A peer in Python, which reports its events. */
export class Peer {
  readonly events: Event[] = [];
  readonly #child;
  #stderr = "";
  #onEvent: () => void = () => undefined;

  constructor(script: "server.py" | "odd_server.py" | "client.py", args: readonly (string | number)[]) {
    const file = fileURLToPath(new URL(script, import.meta.url));
    this.#child = spawn(PYTHON, ["-W", "ignore", file, ...args.map(String)], { stdio: "pipe" });
    this.#child.stderr.on("data", (chunk) => {
      this.#stderr += chunk;
    });
    this.#child.stdin.on("error", () => undefined);
    createInterface(this.#child.stdout).on("line", (line) => {
      this.events.push(JSON.parse(line));
      this.#onEvent();
    });
    onTestFinished(() => this.kill());
  }

  /** Its standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The events of this name. */
  all(event: string): Event[] {
    return this.events.filter((one) => one.event === event);
  }

  /** Waits for the event number `count` of a name. */
  async event(name: string, count = 1): Promise<Event> {
    const deadline = Date.now() + EVENT_TIMEOUT;
    for (;;) {
      const found = this.all(name)[count - 1];
      if (found !== undefined) return found;
      const remaining = deadline - Date.now();
      if (remaining <= 0)
        throw new Error(`no event ${name} (${count}); ${JSON.stringify(this.events)} ${this.#stderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, remaining);
        this.#onEvent = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Sends an order to the client. */
  do(order: object): void {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await once(this.#child, "exit");
  }
}
