import type ssh2 from "ssh2";
import { expect, test } from "vitest";
import { within } from "../../../support/wait.js";
import { rawClient } from "../../raw-client.js";
import { execHandler, readText, startBench } from "../../support.js";

/** The private parts of ssh2's client that send messages about a channel by its number. */
interface Protocol {
  readonly _handlers: Record<string, (...args: unknown[]) => unknown>;
  session(id: number, window: number, packetSize: number): void;
  exec(recipient: number, command: string, wantReply: boolean): void;
  channelEOF(recipient: number): void;
  channelClose(recipient: number): void;
}

/** Opens a session in which no program runs, with a number that ssh2's client does not use itself. */
async function openSession(client: ssh2.Client, id: number): Promise<{ protocol: Protocol; recipient: number }> {
  const protocol = (client as unknown as { _protocol: Protocol })._protocol;
  const opened = new Promise<number>((resolve) => {
    protocol._handlers["CHANNEL_OPEN_CONFIRMATION"] = (_self, info) => resolve((info as { sender: number }).sender);
  });
  protocol.session(id, 2 ** 21, 32_768);
  return { protocol, recipient: await within("the session", opened) };
}

test("a session that is closed before a program runs is released, and its close confirmed", async () => {
  const client = await rawClient(await startBench({ maxChannels: 1 }));
  for (const id of [70, 71]) {
    const { protocol, recipient } = await openSession(client, id);
    const closed = new Promise((resolve) => {
      protocol._handlers["CHANNEL_CLOSE"] = (_self, own) => resolve(own);
    });
    protocol.channelClose(recipient);
    expect(await within("the close", closed)).toBe(id);
  }
});

test("EOF before the command ends the input of the command", async () => {
  let input: Promise<string> | undefined;
  const bench = await startBench({}, undefined, [
    execHandler((session) => {
      input = readText(session.stream);
    }),
  ]);
  const { protocol, recipient } = await openSession(await rawClient(bench), 70);
  protocol.channelEOF(recipient);
  protocol.exec(recipient, "x", false);
  await expect.poll(() => input).toBeDefined();
  expect(await within("the end of the input", input as Promise<string>)).toBe("");
});
