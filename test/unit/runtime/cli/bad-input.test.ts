import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { sshrpc, sshrpcProcess, tempDir } from "./run.js";

const SERVER = "ssh://alice@127.0.0.1:1";

/** One line on standard error, none on standard output. */
const line = (text: string) => ({
  stdout: "",
  stderr: expect.stringMatching(new RegExp(`^sshrpc: [^\n]*${text}[^\n]*\n$`)),
});

describe("an invalid command line ends with status 2 and one line of error", () => {
  test.each<[string, string[], string]>([
    ["an unknown command", ["nope"], "unknown command 'nope'"],
    ["a misspelled command", ["srve"], "Did you mean serve.*; sshrpc --help lists commands"],
    ["an unknown option", ["serve", "--handlers", "x.js", "--prot", "1"], "unknown option '--prot'"],
    ["an unknown option without --handlers", ["serve", "--prot", "1"], "unknown option '--prot'"],
    ["a missing --handlers", ["serve"], "'--handlers <file>' not specified; sshrpc serve --help lists options"],
    ["an unknown subcommand", ["keys", "ad"], "Did you mean add.*; sshrpc keys --help lists commands"],
    ["a subcommand without its argument", ["keys", "add"], "argument 'key'; sshrpc keys add --help lists options"],
    ["a missing handlers file", ["serve", "--handlers", "no.js"], "--handlers no.js: no such file or folder"],
    ["a port out of range", ["serve", "--handlers", "x.js", "--port", "70000"], "'70000' is invalid"],
    ["a port that is not a number", ["serve", "--handlers", "x.js", "--port", "http"], "from 0 to 65535"],
    ["--scopes without --stdio", ["serve", "--handlers", "x.js", "--scopes", "*"], "--scopes requires --stdio"],
    ["--forced without --stdio", ["serve", "--handlers", "x.js", "--forced"], "--forced requires --stdio"],
    [
      "--authorized-keys with --stdio",
      ["serve", "--stdio", "--handlers", "x.js", "--authorized-keys", "k"],
      "--authorized-keys cannot be used with --stdio",
    ],
    [
      "--revoked-keys with --stdio",
      ["serve", "--stdio", "--handlers", "x.js", "--revoked-keys", "k"],
      "--revoked-keys cannot be used with --stdio",
    ],
    ["no address", ["call"], "missing required argument 'address'"],
    ["no verb", ["call", SERVER], "missing required argument 'verb'"],
    ["an unknown verb", ["call", SERVER, "PATCH", "/x"], "GET, STORE, UPDATE, DELETE"],
    ["a verb in lower case", ["call", SERVER, "get", "/x"], "'get' is invalid"],
    ["no path", ["call", SERVER, "GET"], "missing required argument 'path'"],
    ["a request that is not JSON", ["call", SERVER, "GET", "/x", "{bad"], "the request: invalid JSON at line "],
    ["a repeated field", ["call", SERVER, "GET", "/x", "a=1", "a=2"], 'repeated field "a"'],
    ["a word among fields", ["call", SERVER, "GET", "/x", "a=1", "b"], '"b": expected FIELD=VALUE'],
    ["a field after JSON", ["call", SERVER, "GET", "/x", "{}", "a=1"], 'unexpected argument "a=1" after the request'],
    ["an address with a space", ["call", "x y", "GET", "/x"], "x y"],
    ["an address with a space, over ssh", ["call", "--via", "ssh", "x y", "GET", "/x"], "x y"],
    ["an invalid address", ["call", "ssh://alice@host:99999", "GET", "/x"], "ssh://alice@host:99999"],
    [
      "an unknown limit of korv",
      ["serve", "--handlers", "x.js", "--korv", "call=1"],
      'unknown limit "korv.call"; known limits: calls, compressed, decompressed, sendTimeout',
    ],
    [
      "a limit of korv of 0",
      ["serve", "--handlers", "x.js", "--korv", "calls=0"],
      "korv.calls: 0 is not an integer from 1",
    ],
    [
      "a limit of korv that is not a number",
      ["serve", "--handlers", "x.js", "--korv", "calls=many"],
      "NAME=NUMBER, such as calls=64",
    ],
    [
      "a repeated limit of korv",
      ["serve", "--handlers", "x.js", "--korv", "calls=1,calls=2"],
      "limit calls is repeated",
    ],
    ["a ledger on a disk", ["serve", "--handlers", "x.js", "--ledger", "disk"], "Use memory, none or file:PATH"],
    [
      "a ledger that keeps nothing",
      ["serve", "--handlers", "x.js", "--ledger-keeps", "soon"],
      "option '--ledger-keeps <duration>' argument 'soon' is invalid",
    ],
    [
      "--ledger with --stdio",
      ["serve", "--stdio", "--handlers", "x.js", "--ledger", "memory"],
      "--ledger cannot be used with --stdio: sshd starts a process for each session",
    ],
    ["--korv with --stdio", ["serve", "--stdio", "--handlers", "x.js", "--korv"], "--korv cannot be used with --stdio"],
    [
      "a request of several lines that is not JSON",
      ["call", SERVER, "GET", "/x", '{\n"a":\nb\n}'],
      "the request: invalid JSON at line ",
    ],
    [
      "a request with a number out of range",
      ["call", SERVER, "GET", "/x", '{"a":-1e400}'],
      "the request: number out of range: -1e400; the maximum is",
    ],
    ["too many arguments", ["call", SERVER, "GET", "/x", "{}", "more"], 'unexpected argument "more" after the request'],
    ["an invalid timeout", ["call", SERVER, "GET", "/x", "--timeout", "5 parsecs"], "500ms, 2s or 1m"],
    ["a timeout below 0", ["call", SERVER, "GET", "/x", "--timeout=-5"], "500ms, 2s or 1m"],
    ["a timeout of 0", ["call", SERVER, "GET", "/x", "--timeout", "0"], "500ms, 2s or 1m"],
    ["a timeout of a century", ["call", SERVER, "GET", "/x", "--timeout", "100y"], "at most 24 days"],
  ])("%s", async (_, args, message) => {
    expect(await sshrpc(args)).toMatchObject({ status: 2, ...line(message) });
  });

  test.each([
    ["nothing", ""],
    ["something else", "export default { hello: { get() {} } };"],
    ["null", "export default null;"],
  ])("a handlers file that exports %s", async (_, content) => {
    const cwd = tempDir({ "handlers.mjs": content });
    expect(await sshrpc(["serve", "--handlers", "handlers.mjs"], { cwd })).toMatchObject({
      status: 2,
      ...line("handlers.mjs: the default export must be .* defineHandlers"),
    });
  });
});

test.each([
  ["invalid JSON", "nope", 'standard input: invalid JSON at line 1, column 1: unexpected token "nope"'],
  ["empty", "", "standard input: empty; expected JSON"],
  ["a number out of range", "[1e400]", "standard input: number out of range: 1e400; the maximum is"],
])("a request on standard input that is %s ends with status 4, as over ssh", async (_, stdin, message) => {
  expect(await sshrpc(["call", SERVER, "GET", "/x", "-"], { stdin })).toMatchObject({ status: 4, ...line(message) });
});

describe("any other failure ends with status 1 and one line of error", () => {
  test.each([
    ["an error", "\nthrow new Error('first line\\nsecond line');", "handlers.mjs:2:\\d+: first line"],
    ["a syntax error", "export default {", "handlers.mjs: Unexpected end of input"],
    ["an import of a missing file", "import './nothing.mjs';", "Cannot find module"],
    [
      "an import of generated code that is missing",
      "import './generated/server.js';",
      "Cannot find .*; run `sshrpc gen`",
    ],
    [
      "an import of a file that tsc does not copy",
      "import './generated/validators.js';",
      "run `sshrpc gen` and copy the file",
    ],
    ["a value that is not an Error", "throw 'a text';", "handlers.mjs: a text"],
  ])("a handlers file with %s", async (_, content, message) => {
    const cwd = tempDir({ "handlers.mjs": content });
    // In its own process: the tests load JavaScript with another loader than Node's.
    expect(await sshrpcProcess(["serve", "--handlers", "handlers.mjs"], { cwd })).toMatchObject({
      status: 1,
      ...line(message),
    });
  });

  test("a TypeScript handlers file with an error, reported with its position", async () => {
    const cwd = tempDir({ "handlers.ts": "const answer: number = 42;\nthrow new Error('no ' + answer);" });
    expect(await sshrpc(["serve", "--handlers", "handlers.ts"], { cwd })).toMatchObject({
      status: 1,
      ...line("handlers.ts:2:\\d+: no 42"),
    });
  });
});

describe("a call that cannot connect ends with the exit status of its status, and one line of error", () => {
  test("a port without a listener", async () => {
    expect(await sshrpc(["call", SERVER, "GET", "/x"])).toMatchObject({
      status: 5,
      ...line("UNAVAILABLE: .*127\\.0\\.0\\.1:1"),
    });
  });

  test("a missing identity file", async () => {
    expect(await sshrpc(["call", SERVER, "GET", "/x", "--identity", "no-key"])).toMatchObject({
      status: 4,
      ...line("UNAUTHENTICATED: .*no-key"),
    });
  });

  test("a server that is not an SSH server", async () => {
    const server = createServer((socket) =>
      socket.on("error", () => undefined).end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    expect(await sshrpc(["call", `ssh://alice@127.0.0.1:${port}`, "GET", "/x"])).toMatchObject({
      status: 5,
      ...line("UNAVAILABLE"),
    });
  });
});

test.each(["bogus://x", "ssh://", "ssh://alice@127.0.0.1:99999", "ssh://127.0.0.1:1/path"])(
  "the address %s is refused in one line",
  async (address) => {
    const { status, stderr, stdout } = await sshrpc(["call", address, "GET", "/x"]);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^sshrpc: [^\n]+\n$/);
  },
);

describe("help", () => {
  test("lists the commands, and the version is the package's", async () => {
    const { status, stdout } = await sshrpc(["--help"]);
    expect(status).toBe(0);
    for (const command of ["serve", "call", "gen", "dev"]) expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, "m"));
    expect(await sshrpc(["--version"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/),
    });
  });

  test.each(["serve", "call"])("of %s says what each option is for", async (command) => {
    const { status, stdout } = await sshrpc([command, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: sshrpc ${command}`);
  });
});
