import { afterEach, describe, expect, test } from "vitest";
import type { ClientOptions } from "../../runtime/src/client/client.js";
import { failure, within } from "../unit/runtime/support/wait.js";
import { type ConformanceClient, connect } from "./generated/client.js";
import type { Setup, Start } from "./setups.js";

/** Response streams that resume, over any transport. */
export function describeResume(name: string, start: Start): void {
  describe(`a stream that resumes ${name}`, () => {
    let setup: Setup | undefined;
    const clients: ConformanceClient[] = [];

    async function begin(): Promise<Setup> {
      setup = await start();
      return setup;
    }

    async function connectTo({ transport }: Setup, options: ClientOptions = {}): Promise<ConformanceClient> {
      const client = await connect(transport, { reconnect: { minDelay: 1, maxDelay: 20 }, ...options });
      clients.push(client);
      return client;
    }

    afterEach(async () => {
      for (const client of clients.splice(0)) await within("the client's end", client.close());
      await within("the server's end", setup?.close() ?? Promise.resolve());
    });

    test("goes on without a gap or a repeat when its connection is lost", async () => {
      const server = await begin();
      const client = await connectTo(server, { limits: { window: 20_000, windowGrowth: 1 } });
      const stream = client.feed.get({ last: 300, size: 1000 });
      const received: number[] = [];
      for await (const { text } of stream) {
        received.push(Number.parseInt(text, 10));
        if (received.length % 90 === 0) server.duplexes.at(-1)?.destroy();
      }
      expect(received).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
      expect(await stream.response).toEqual({ last: 300 });
      expect(server.duplexes.length).toBeGreaterThan(2);
    });

    test("begins behind the position that an earlier client has stored", async () => {
      const server = await begin();
      const first = (await connectTo(server)).feed.get({ last: 9 });
      for await (const { text } of first) if (text === "6") break;
      const position = first.position as string;
      expect(position).toBe("6");
      const rest: string[] = [];
      for await (const { text } of (await connectTo(server)).feed.get({ last: 9 }, { resumeAfter: position }))
        rest.push(text);
      expect(rest).toEqual(["7", "8", "9"]);
    });

    test("fails with the status of the handler for a position of the future, and of another stream", async () => {
      const client = await connectTo(await begin());
      for (const resumeAfter of ["10", "row-7"]) {
        const stream = client.feed.get({ last: 9 }, { resumeAfter });
        expect(await failure(stream.response)).toMatchObject({ status: "PRECONDITION_FAILED" });
      }
    });
  });
}
