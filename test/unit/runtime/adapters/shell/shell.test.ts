import { stripVTControlCharacters } from "node:util";
import { RpcError } from "sshrpc/server";
import { expect, test } from "vitest";
import { exec } from "../../../../../runtime/src/adapters/exec/exec-adapter.js";
import { HistoryStore } from "../../../../../runtime/src/adapters/shell/history-store.js";
import { shell } from "../../../../../runtime/src/adapters/shell/shell.js";
import { until, within } from "../../support/wait.js";
import { finish, MemorySession, type MemorySessionOptions } from "../memory-session.js";
import { noSuchNote, serveNotes } from "../notes-server.js";

const UP = "\u001b[A";

/** A user at a terminal. */
class Typist {
  readonly session: MemorySession;
  readonly server: ReturnType<typeof serveNotes>["server"];
  #shown = "";
  #read = 0;

  constructor(
    handlers: Parameters<typeof serveNotes>[0] = {},
    options: MemorySessionOptions & { readonly history?: HistoryStore; readonly exec?: string } = {},
  ) {
    const { history = new HistoryStore(), exec: command, ...rest } = options;
    const { server, log } = serveNotes(handlers);
    this.server = server;
    this.session = new MemorySession({ terminal: { type: "xterm", columns: 80, rows: 24 }, ...rest });
    this.session.remote.on("data", (chunk) => {
      this.#shown += chunk;
    });
    const config = { server, log, inputTimeout: 60_000 };
    if (command === undefined) void shell(this.session, { ...config, history });
    else void exec(this.session, command, config);
  }

  /** The raw output so far. */
  get raw(): string {
    return this.#shown;
  }

  type(keys: string): this {
    this.session.remote.write(keys);
    return this;
  }

  /** Waits for output behind the output of the previous wait. */
  async sees(text: string | RegExp): Promise<void> {
    await until(`${text} in ${JSON.stringify(this.#shown)}`, () => {
      const plain = stripVTControlCharacters(this.#shown);
      const pattern = new RegExp(typeof text === "string" ? text.replace(/[^\w\s]/g, "\\$&") : text, "g");
      pattern.lastIndex = this.#read;
      const found = pattern.test(plain);
      if (found) this.#read = pattern.lastIndex;
      return found;
    });
  }

  async prompt(): Promise<this> {
    await this.sees(/notes> $/);
    return this;
  }

  get exited(): Promise<number> {
    return within("the exit", this.session.exited);
  }
}

test("a prompt calls methods, and formats their responses", async () => {
  const typist = new Typist({ "GET /notes/{id}": () => ({ id: 1, tags: ["a", null], done: true }) });
  await typist.sees(/notes 1\.0\.0, logged in as alice\. Type "help" .*\r\n/);
  (await typist.prompt()).type("GET /notes/1\r");
  await typist.sees('{ "id": 1, "tags": ["a", null], "done": true }\r\n');
  expect(typist.raw).toContain('\u001b[36m"id"\u001b[0m: \u001b[33m1\u001b[0m');
  (await typist.prompt()).type("exit\r");
  expect(await typist.exited).toBe(0);
});

test("prints an error and prompts again; the session exits with the last status", async () => {
  const typist = new Typist({ "GET /notes/{id}": noSuchNote });
  (await typist.prompt()).type("GET /notes/7\r");
  await typist.sees('NOT_FOUND: GET /notes/{id}: no such note\r\n{ "id": 7 }\r\n');
  (await typist.prompt()).type("exit\r");
  expect(await typist.exited).toBe(4);
});

test("prints an error without details, or with issues that its text lists, as one line", async () => {
  const notFound = () => {
    throw new RpcError("NOT_FOUND", "no such note");
  };
  const typist = new Typist({ "GET /notes/{id}": notFound as never });
  (await typist.prompt()).type("GET /notes/7\r");
  await typist.sees(/NOT_FOUND: GET \/notes\/\{id\}: no such note\r\nnotes> $/);
  typist.type("GET /notes/{id} id=x\r");
  await typist.sees(/BAD_REQUEST: [^\n]*\/id must be integer\r\nnotes> $/);
  // Red, at a terminal with colors only.
  expect(typist.raw).toContain("\u001b[31mNOT_FOUND");
  const plain = new Typist({ "GET /notes/{id}": noSuchNote }, { terminal: { type: "dumb", columns: 80, rows: 24 } });
  (await plain.prompt()).type("GET /notes/7\r");
  await plain.sees('no such note\r\n{ "id": 7 }\r\n');
  expect(plain.raw).not.toContain("\u001b[31m");
  expect(plain.raw).not.toContain("\u001b[36m");
});

test("Ctrl-D ends the session with status 0 and a new line, also after an error", async () => {
  const typist = new Typist({ "GET /notes/{id}": noSuchNote });
  (await typist.prompt()).type("GET /notes/7\r");
  (await typist.prompt()).type("\u0004");
  await typist.sees(/\r\n$/);
  expect(await typist.exited).toBe(0);
});

test("takes verbs in lower case, ? for help, clear and quit", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("get /notes/1\r");
  await typist.sees('{ "id": 1 }');
  (await typist.prompt()).type("?\r");
  await typist.sees("GET /notes/{id}");
  (await typist.prompt()).type("? note\r");
  await typist.sees("returns Note");
  (await typist.prompt()).type("sto\t");
  await typist.sees("store ");
  typist.type("\u0003clear\r");
  await until("a clear screen", () => typist.raw.includes("\u001b[H\u001b[2J"));
  (await typist.prompt()).type("quit\r");
  expect(await typist.exited).toBe(0);
});

test("Ctrl-R searches the history: again for older lines, Enter runs, other keys edit, Ctrl-G returns to the line", async () => {
  const typist = new Typist();
  for (const id of [11, 12, 21]) {
    (await typist.prompt()).type(`GET /notes/${id}\r`);
    await typist.sees(`{ "id": ${id} }`);
  }
  (await typist.prompt()).type("\u0012/1");
  await typist.sees("(reverse-i-search)'/1': GET /notes/12");
  typist.type("\u0012");
  await typist.sees("(reverse-i-search)'/1': GET /notes/11");
  typist.type("\r");
  await typist.sees('{ "id": 11 }');
  (await typist.prompt()).type("\u0012/2x");
  await typist.sees("(failed reverse-i-search)'/2x': GET /notes/21");
  typist.type("\u007f");
  await typist.sees("(reverse-i-search)'/2': GET /notes/21");
  typist.type("\u00053\r");
  await typist.sees('{ "id": 213 }');
  (await typist.prompt()).type("GET /notes/5\u0012/1");
  await typist.sees("(reverse-i-search)'/1': GET /notes/11");
  typist.type("\u0007\r");
  await typist.sees('{ "id": 5 }');
});

test("wraps values that are wider than the window, and follows its size", async () => {
  const terminal = { type: "dumb", columns: 20, rows: 5 };
  const typist = new Typist({ "GET /notes/{id}": () => ({ text: "twelve chars", list: [1, 2] }) }, { terminal });
  (await typist.prompt()).type("GET /notes/1\r");
  await typist.sees('{\r\n  "text": "twelve chars",\r\n  "list": [1, 2]\r\n}\r\n');
  terminal.columns = 60;
  typist.session.resize();
  (await typist.prompt()).type("GET /notes/1\r");
  await typist.sees('{ "text": "twelve chars", "list": [1, 2] }\r\n');
});

test("Ctrl-C stops a stream, not the session", async () => {
  let cleaned = false;
  const ticks = async function* (_: unknown, ctx: { signal: AbortSignal }) {
    try {
      yield { tick: 1 };
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    } finally {
      cleaned = true;
    }
  };
  const typist = new Typist({ "GET /ticks": ticks as never });
  (await typist.prompt()).type("GET /ticks\r");
  await typist.sees('{ "tick": 1 }');
  typist.type("\u0003");
  await typist.sees("CANCELLED: GET /ticks");
  (await typist.prompt()).type("GET /notes/1\r");
  await typist.sees('{ "id": 1 }');
  expect(cleaned).toBe(true);
});

test("Ctrl-C at the prompt discards the line, and Ctrl-Z has no effect", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("GET /nonsense\u0003");
  await typist.sees("^C");
  typist.type("\u001aGET /notes/1\r");
  await typist.sees('{ "id": 1 }');
});

test("Ctrl-C right after a command stops it, even before it starts", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("GET /ticks\rGET /notes/1\r\u0003");
  await typist.sees("^C");
  (await typist.prompt()).type("GET /notes/2\r");
  await typist.sees('{ "id": 2 }');
  expect(typist.raw).not.toMatch(/"tick"|"id".*1/);
});

test("lines typed while a call runs are its request stream, until Ctrl-D", async () => {
  const chat = async function* (_: unknown, lines: AsyncIterable<{ text: string }>) {
    for await (const { text } of lines) yield text.toUpperCase();
  };
  const typist = new Typist({ "UPDATE /chat": chat });
  (await typist.prompt()).type("UPDATE /chat\r");
  await typist.sees("one JSON value per line; end with Ctrl-D");
  typist.type('{"text":"one"}\r');
  await typist.sees('"ONE"');
  typist.type('{"text":"two"}\r');
  await typist.sees('"TWO"');
  typist.type("\u0004");
  await typist.prompt();
});

test("a call that has ended takes no lines of the prompt", async () => {
  const chat = async function* () {
    yield "bye";
  };
  const typist = new Typist({ "UPDATE /chat": chat });
  (await typist.prompt()).type("UPDATE /chat\r");
  await typist.sees('"bye"');
  (await typist.prompt()).type("GET /notes/1\r");
  await typist.sees('{ "id": 1 }');
});

test("asks for a request that the command omits, until Ctrl-C", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("STORE /notes\r");
  await typist.sees("the request, as JSON; end with Ctrl-D");
  typist.type('{"text":\r"hi"}\r\u0004');
  await typist.sees('{ "text": "hi" }');
  (await typist.prompt()).type("STORE /notes\r");
  await until("the command", () => typist.raw.endsWith("\r\n"));
  typist.type("\u0003");
  await typist.sees("CANCELLED");
  await typist.prompt();
});

test("Tab completes verbs, paths, fields and values", async () => {
  const typist = new Typist();
  await typist.prompt();
  const steps = [
    ["des\t", "describe "],
    ["\u0015STO\t", "STORE "],
    ["/no\t", "/notes "],
    ["te\t", "text="],
    ["\u0015GET /notes ta\t", "GET /notes tag="],
    ["r\t", "red "],
    ["ex\t", "exact="],
    ["t\t", "true "],
    ["\r", '{ "tag": "red", "exact": true }'],
  ] as const;
  for (const [keys, shown] of steps) {
    typist.type(keys);
    await typist.sees(shown);
  }
});

test("Tab offers the path of a built-in method once a path begins like one", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("GET /\t").type("\t");
  await typist.sees("/ticks");
  expect(typist.raw).not.toContain("/sshrpc/");
  typist.type("ss\t").type("\t");
  await typist.sees(/\/sshrpc\/contract[\s\S]*\/sshrpc\/methods/);
  typist.type("\u0015con\t");
  await typist.sees("contract ");
});

test("Tab offers --timeout once", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("GET /notes --t\t");
  await typist.sees("GET /notes --timeout ");
  typist.type("5s --t\t\r");
  await typist.sees(/BAD_REQUEST[^\n]*--t/);
});

test("text typed during a completion is inserted after it", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("GET /notes ta\t").type("red\r");
  await typist.sees('{ "tag": "red" }');
});

test("Tab offers only methods that the peer may call", async () => {
  const typist = new Typist({}, { peer: { user: "bob", scopes: ["notes:read"] } });
  (await typist.prompt()).type("STORE /\t").type("\t");
  await typist.sees("/sum");
  expect(typist.raw).not.toContain("/notes");
});

test("the arrow keys recall lines, also of earlier sessions of the same peer only", async () => {
  const history = new HistoryStore();
  const first = new Typist({}, { history });
  (await first.prompt()).type("GET /notes/41\rexit\r");
  await first.exited;
  const second = new Typist({}, { history });
  (await second.prompt()).type(`${UP}${UP}\r`);
  await second.sees('{ "id": 41 }');
  const other = new Typist({}, { history, peer: { user: "bob", scopes: [] } });
  (await other.prompt()).type(`${UP}${UP}GET /notes/5\r`);
  await other.sees('{ "id": 5 }');
});

test("cuts a line that is too long, and continues the session", async () => {
  const typist = new Typist();
  (await typist.prompt()).type("x".repeat(20_000)).type("\r");
  await typist.sees(/unknown command "x+…"/);
  (await typist.prompt()).type("GET /notes/1\r");
  await typist.sees('{ "id": 1 }');
});

test("prints raw bytes as text without control characters", async () => {
  const get = async function* () {
    yield Buffer.from("two\nlines \u001b[2J of t");
    yield Buffer.from([0xc3]);
    yield Buffer.from([0xa9]);
  };
  const typist = new Typist({ "GET /files/{name}": get });
  (await typist.prompt()).type("GET /files/a\r");
  await typist.sees("two\r\nlines \ufffd[2J of té");
  // The prompt does not overwrite output without a line end.
  await typist.sees(/\r\nnotes> $/);
});

test("a disconnect ends the shell and its running call", async () => {
  const ticks = async function* (_: unknown, ctx: { signal: AbortSignal }) {
    yield 1;
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  };
  const typist = new Typist({ "GET /ticks": ticks as never });
  (await typist.prompt()).type("GET /ticks\r");
  await typist.sees("1\r\n");
  typist.session.remote.destroy();
  await until("the end", () => typist.server.calls === 0 && typist.server.connections === 0);
  await typist.exited;
});

test("a command on a terminal formats its output, and Ctrl-C ends it", async () => {
  const ticks = async function* (_: unknown, ctx: { signal: AbortSignal }) {
    yield { tick: 1 };
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  };
  const typist = new Typist({ "GET /ticks": ticks as never }, { exec: "GET /ticks" });
  await typist.sees('{ "tick": 1 }\r\n');
  typist.type("\u0003");
  expect(await typist.exited).toBe(4);
});

test("without a terminal, each line is a command with the output of exec", async () => {
  const { server, log } = serveNotes({
    "GET /notes/{id}": ({ id }: { id: number }) => (id === 7 ? noSuchNote({ id }) : id),
  });
  const session = new MemorySession();
  void shell(session, { server, log, inputTimeout: 60_000, history: new HistoryStore() });
  const input = "GET /notes/1\n\nGET /notes/7\nSTORE /notes\nSTORE /sum\nGET /notes/2";
  const { stdout, stderr, status } = await finish(session, input);
  expect(stdout.toString()).toBe("1\n2\n");
  const errors = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(errors.map((error) => error.status)).toEqual(["NOT_FOUND", "BAD_REQUEST", "BAD_REQUEST"]);
  expect(errors[2].message).toMatch(/standard input carries the commands/);
  expect(status).toBe(0);
});

test("without a terminal, exit ends the session with the last status", async () => {
  const { server, log } = serveNotes({ "GET /notes/{id}": noSuchNote });
  const session = new MemorySession();
  void shell(session, { server, log, inputTimeout: 60_000, history: new HistoryStore() });
  expect(await finish(session, "GET /notes/1\nexit\nGET /notes/2\n")).toMatchObject({
    status: 4,
    stdout: Buffer.alloc(0),
  });
});

test.each([
  ["x".repeat(40_000), "MESSAGE_TOO_LARGE", /standard input, line 2: longer than the limit of 32768 bytes$/],
  [Buffer.from([0x47, 0xff, 10]), "BAD_REQUEST", /standard input, line 2: not valid UTF-8/],
])("without a terminal, an invalid line ends the session with an error", async (bad, status, message) => {
  const { server, log } = serveNotes();
  const session = new MemorySession();
  void shell(session, { server, log, inputTimeout: 60_000, history: new HistoryStore() });
  const outcome = await finish(session, Buffer.concat([Buffer.from("GET /notes/1\n"), Buffer.from(bad)]));
  expect([outcome.status, outcome.stdout.toString()]).toEqual([4, '{"id":1}\n']);
  expect(JSON.parse(outcome.stderr)).toMatchObject({ status, message: expect.stringMatching(message) });
  expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
});
