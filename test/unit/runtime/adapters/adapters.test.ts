import type ssh2 from "ssh2";
import type { ServeOptions } from "sshrpc/server";
import { afterEach, expect, test } from "vitest";
import { failure, within } from "../support/wait.js";
import { notesHandlers } from "./notes-server.js";
import { type SshServed, serveSsh } from "./ssh-server.js";

let served: SshServed | undefined;

afterEach(async () => {
  await served?.[Symbol.asyncDispose]();
  served = undefined;
});

async function serve(options: Partial<ServeOptions> = {}): Promise<SshServed> {
  served = await serveSsh(notesHandlers(), options);
  return served;
}

type Opened = (error: Error | undefined, channel: ssh2.ClientChannel) => void;

const REQUESTS: readonly [string, (client: ssh2.Client, opened: Opened) => unknown][] = [
  ["the subsystem sshrpc", (client, opened) => client.subsys("sshrpc", opened)],
  ["another subsystem", (client, opened) => client.subsys("mcp", opened)],
  ["a command", (client, opened) => client.exec("GET /notes", opened)],
  ["a shell", (client, opened) => client.shell(false, opened)],
  ["korv's direct-tcpip", (client, opened) => client.forwardOut("127.0.0.1", 2, "127.0.0.1", 1, opened)],
];

test.each<[Partial<ServeOptions>, readonly string[]]>([
  [{}, ["the subsystem sshrpc", "a command", "a shell"]],
  [{ exec: false, shell: false }, ["the subsystem sshrpc"]],
  [{ korv: true }, ["the subsystem sshrpc", "a command", "a shell", "korv's direct-tcpip"]],
])("the options %j choose the requests that are accepted", async (options, expected) => {
  const { connect } = await serve(options);
  const client = await connect();
  const accepted: string[] = [];
  for (const [name, send] of REQUESTS) {
    const isAccepted = new Promise<boolean>((resolve) => send(client, (error) => resolve(error === undefined)));
    if (await within(name, isAccepted)) accepted.push(name);
  }
  expect(accepted).toEqual(expected);
});

test("shell.run runs one command in place of a shell", async () => {
  const client = await (await serve({ shell: { run: "GET /notes/5" } })).connect();
  const ended = new Promise<object>((resolve, reject) => {
    client.shell(false, (error, channel) => {
      if (error !== undefined) return reject(error);
      let [stdout, status] = ["", -1];
      channel.on("data", (chunk: Buffer) => {
        stdout += chunk;
      });
      channel.on("exit", (code: number) => {
        status = code;
      });
      channel.on("close", () => resolve({ stdout, status }));
    });
  });
  expect(await within("the end", ended)).toEqual({ stdout: '{"id":5}\n', status: 0 });
});

test.each([
  ["GET /nothing", /^shell\.run: "GET \/nothing": unknown resource \/nothing/],
  ["FROB", /unknown command "FROB"/],
  ["GET '/notes", /unclosed quote at character 5/],
])("shell.run: %s is refused when the server starts", async (run, message) => {
  expect((await failure<Error>(serve({ shell: { run } }))).message).toMatch(message);
});

test("exec.inputTimeout limits the wait for a request, and is validated", async () => {
  expect(await failure(serve({ exec: { inputTimeout: 0 } }))).toMatchObject({
    message: "option exec.inputTimeout: 0 is not a number of ms from 1 to 2147483647",
  });
  const { ssh } = await serve({ exec: { inputTimeout: 30 } });
  const command = await ssh.exec("STORE /notes");
  command.resume();
  command.write('{"text":"hi"}');
  expect(await within("the end", command.exit)).toMatchObject({ exitCode: 5 });
  expect(JSON.parse(command.stderrTail)).toMatchObject({
    status: "DEADLINE_EXCEEDED",
    message: "no request on standard input within 30 ms",
  });
  command.destroy();
});
