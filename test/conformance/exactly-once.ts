import type { Client, ConnectOptions } from "sshrpc/client";
import type { ServerInterceptor } from "sshrpc/server";
import { afterEach, describe, expect, test } from "vitest";
import { gate } from "../unit/runtime/support/host.js";
import { failure, until, within } from "../unit/runtime/support/wait.js";
import { type ConformanceClient, connect } from "./generated/client.js";
import type { Setup, Start } from "./setups.js";

const REQUEST = { body: "one cup", size: 3 };
const RESPONSE = { received: 7, body: "ddd" };

/** The behavior of calls with an idempotency key over any transport. */
export function describeExactlyOnce(name: string, start: Start): void {
  describe(`calls with an idempotency key ${name}`, () => {
    let setups: Setup[] = [];
    let clients: Client[] = [];
    afterEach(async () => {
      await within("the clients' ends", Promise.all(clients.map((client) => client.close())));
      await within("the servers' ends", Promise.all(setups.map((setup) => setup.close())));
      setups = [];
      clients = [];
    });

    /** A server that counts the runs of handlers, which wait until `open` is called, and a client. */
    async function begin(options: ConnectOptions = {}) {
      const { opened, open } = gate();
      const runs: (string | undefined)[] = [];
      const count: ServerInterceptor = async (call, next) => {
        if (call.method.id !== "STORE /payload") return next(call);
        runs.push(call.ctx.idempotencyKey);
        await opened;
        return next(call);
      };
      const setup = await start({ interceptors: [count] });
      setups.push(setup);
      const join = async (): Promise<ConformanceClient> => {
        const client = await connect(setup.transport, options);
        clients.push(client);
        return client;
      };
      return { ...setup, client: await join(), join, runs, open };
    }

    test("run once, and have one outcome, on any connection", async () => {
      const { client, join, runs, open } = await begin();
      open();
      const other = await join();
      for (const one of [client, client, other])
        expect(await one.payload.store(REQUEST, { idempotencyKey: "order-1" })).toEqual(RESPONSE);
      expect(runs).toEqual(["order-1"]);
      expect(await client.payload.store(REQUEST, { idempotencyKey: "order-2" })).toEqual(RESPONSE);
      expect(runs).toEqual(["order-1", "order-2"]);
    });

    test("wait for the one that runs", async () => {
      const { client, join, runs, open } = await begin();
      const other = await join();
      const calls = [client, other, client].map((one) => one.payload.store(REQUEST, { idempotencyKey: "order-1" }));
      await until("the handler", () => runs.length === 1);
      open();
      expect(await Promise.all(calls)).toEqual([RESPONSE, RESPONSE, RESPONSE]);
      expect(runs).toHaveLength(1);
    });

    test("survive a lost connection without a key of the caller, with one run", async () => {
      const { client, duplexes, runs, open } = await begin();
      const calls = Array.from({ length: 5 }, () => client.payload.store(REQUEST));
      await until("the handlers", () => runs.length === 5);
      for (const duplex of duplexes) duplex.destroy();
      await until("another connection", () => duplexes.length > 1);
      open();
      expect(await within("the outcomes", Promise.all(calls))).toEqual(calls.map(() => RESPONSE));
      expect(runs).toHaveLength(5);
      expect(new Set(runs).size).toBe(5);
    });

    test("are refused for another request", async () => {
      const { client, runs, open } = await begin();
      open();
      await client.payload.store(REQUEST, { idempotencyKey: "order-1" });
      const other = client.payload.store({ ...REQUEST, size: 4 }, { idempotencyKey: "order-1" });
      expect(await failure(other)).toMatchObject({
        status: "BAD_REQUEST",
        message: expect.stringContaining("it belongs to another request"),
        details: { issues: [] },
      });
      expect(runs).toHaveLength(1);
    });
  });
}
