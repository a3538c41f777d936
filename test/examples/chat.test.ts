import { setTimeout as sleep } from "node:timers/promises";
import type { ResponseStream } from "sshrpc/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NotesClient } from "../../generated/client.js";
import type { Line } from "../../generated/types.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { type ExampleServer, Workplace } from "./support.js";

let place: Workplace;
let server: ExampleServer;
let client: NotesClient;

beforeAll(async () => {
  place = new Workplace();
  server = await place.serve();
  client = await place.connect(server);
});

afterAll(() => place[Symbol.asyncDispose]());

/** A participant in the room. */
class Guest {
  #said: Line[] = [];
  #wake: (() => void) | undefined;
  #gone = false;
  readonly stream: ResponseStream<Line>;
  readonly #heard: AsyncIterator<Line, undefined>;

  constructor(own: NotesClient = client) {
    this.stream = own.chat.update({}, this.#lines());
    this.#heard = this.stream[Symbol.asyncIterator]();
  }

  say(text: string, from?: string): void {
    this.#said.push({ text, ...(from !== undefined && { from }) });
    this.#wake?.();
  }

  leave(): void {
    this.#gone = true;
    this.#wake?.();
  }

  /** The next line, as `from: text`; undefined at the end. */
  async hear(): Promise<string | undefined> {
    const { value } = await within("a line", this.#heard.next());
    return value && `${value.from ?? "*"}: ${value.text}`;
  }

  async *#lines(): AsyncGenerator<Line> {
    for (;;) {
      const line = this.#said.shift();
      if (line !== undefined) yield line;
      else if (this.#gone) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

describe("in the room", () => {
  test("every participant receives all lines in one order, and notices of joins and leaves", async () => {
    const a = new Guest();
    expect(await a.hear()).toBe("*: alice is here");
    const b = new Guest(await place.connect({ address: server.address.replace("alice", "bob") }));
    expect(await a.hear()).toBe("*: bob is here");
    expect(await b.hear()).toBe("*: bob is here");
    a.say("hello", "another sender");
    b.say("hi ☺");
    const heard = [await a.hear(), await a.hear()];
    expect([await b.hear(), await b.hear()]).toEqual(heard);
    expect(heard.sort()).toEqual(["alice: hello", "bob: hi ☺"]);
    b.say("bye");
    b.leave();
    expect([await b.hear(), await b.hear()]).toEqual(["bob: bye", undefined]);
    await b.stream.response;
    expect([await a.hear(), await a.hear()]).toEqual(["bob: bye", "*: bob has left"]);
    a.leave();
    expect(await a.hear()).toBeUndefined();
  });

  test("a key that proves no user name cannot speak as a user", async () => {
    await using own = new Workplace("*", "");
    const guest = new Guest(await own.connect(await own.serve()));
    expect(await guest.hear()).toMatch(/^\*: SHA256:\S{43} is here$/);
    guest.leave();
  });

  test("a participant whose connection is lost leaves the room", async () => {
    const own = await place.connect(server);
    const a = new Guest();
    expect(await a.hear()).toBe("*: alice is here");
    const b = new Guest(own);
    expect([await a.hear(), await b.hear()]).toEqual(["*: alice is here", "*: alice is here"]);
    await own.close();
    expect(await a.hear()).toBe("*: alice has left");
    a.leave();
    expect(await a.hear()).toBeUndefined();
  });

  test("a participant that stops reading is dropped with RESOURCE_EXHAUSTED and delays no others", async () => {
    const slow = new Guest(await place.connect(server));
    expect(await slow.hear()).toBe("*: alice is here");
    const [speaker, other] = [new Guest(), new Guest()];
    const counts = [0, 0];
    const heard: Promise<string>[] = [speaker, other].map(async (guest, index) => {
      for (;;) {
        const line = await guest.hear();
        if (line === "*: alice has left") return line;
        counts[index] = (counts[index] ?? 0) + 1;
      }
    });
    let left = false;
    const all = Promise.all(heard).finally(() => {
      left = true;
    });
    const text = "x".repeat(2_000);
    for (let line = 0; line < 5_000 && !left; line++) {
      speaker.say(text);
      // The two that read have room for 256 lines.
      while (line - Math.min(...counts) > 100 && !left) await sleep(1);
    }
    expect(await within("the slow one to be dropped", all)).toEqual(["*: alice has left", "*: alice has left"]);
    let lines = 0;
    const result = (async () => {
      while ((await slow.hear()) !== undefined) lines += 1;
    })();
    await expect(within("the end of the slow one", result)).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED" });
    expect(lines).toBeGreaterThan(50);
    for (const guest of [speaker, other]) {
      guest.stream.cancel();
      await guest.stream.response.catch(() => undefined);
    }
    // Once a participant on the same connection has joined and left, the server has released them: the next test hears nothing.
    const last = new Guest();
    last.leave();
    while ((await last.hear()) !== undefined);
  });

  test("an invalid line ends only the call of its sender", async () => {
    const [a, b] = [new Guest(), new Guest()];
    expect([await a.hear(), await b.hear()]).toEqual(["*: alice is here", "*: alice is here"]);
    a.say("");
    await expect(a.stream.response).rejects.toMatchObject({ status: "BAD_REQUEST" });
    expect(await b.hear()).toBe("*: alice has left");
    b.leave();
    expect(await b.hear()).toBeUndefined();
  });
});

describe("chat", () => {
  const program = "examples/05-chat/chat.ts";

  test("sends typed lines and prints received lines until its input ends", async () => {
    const one = await place.start(program, server.address);
    await until("the first to join", () => one.stdout.includes("* alice is here\n"));
    const two = await place.start(program, server.address.replace("alice", "bob"));
    await until("the second to join", () => one.stdout.includes("* bob is here\n"));
    one.process.stdin?.write("hello\n\n");
    await until("the second to hear", () => two.stdout.includes("alice: hello\n"));
    two.process.stdin?.end("hi\u001b[2J\n");
    expect(await two.status).toBe(0);
    expect(two.stdout).toBe("* bob is here\nalice: hello\nbob: hi\u{fffd}[2J\n");
    await until("the first to hear", () => one.stdout.includes("* bob has left\n"));
    one.process.stdin?.end();
    expect(await one.status).toBe(0);
    expect(one.stderr + two.stderr).toBe("");
  });

  test("exits with status 1 when the server is killed", async () => {
    const own = await place.serve();
    const guest = await place.start(program, own.address);
    await until("the guest to join", () => guest.stdout !== "");
    await own.kill();
    expect(await guest.status).toBe(1);
    expect(guest.stderr).toMatch(/^UNAVAILABLE: UPDATE \/chat: .*\n$/);
  });

  test("prints its usage when the address is missing", async () => {
    const usage = expect.stringContaining("usage: chat ssh://user@host:port\n");
    expect(await place.run(program)).toEqual({ status: 2, stdout: "", stderr: usage });
  });
});
