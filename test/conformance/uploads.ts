import { afterEach, describe, expect, test } from "vitest";
import { failure, until, within } from "../unit/runtime/support/wait.js";
import { type ConformanceClient, connect } from "./generated/client.js";
import type { Setup, Start } from "./setups.js";

const SIZE = 400_000;
const PIECE = 10_000;
const SCRIPT = { name: "upload" };

/** A server that remembers calls by their keys, or one that does not, as one that is started for each session. */
type Ledger = "with a ledger" | "without a ledger";

/** Uploads and keys, over any transport. */
export function describeUploads(name: string, start: Start, ledger: Ledger = "with a ledger"): void {
  describe(`an upload ${name}`, () => {
    let setup: Setup | undefined;
    let client: ConformanceClient | undefined;

    async function begin(): Promise<{ readonly server: Setup; readonly client: ConformanceClient }> {
      // Less than the upload is under way at once.
      setup = await start({ limits: { window: 30_000, windowGrowth: 1 } });
      client = await connect(setup.transport, { reconnect: { minDelay: 1, maxDelay: 20 } });
      return { server: setup, client };
    }

    afterEach(async () => {
      await within("the client's end", client?.close() ?? Promise.resolve());
      await within("the server's end", setup?.close() ?? Promise.resolve());
      client = undefined;
      setup = undefined;
    });

    /** The pieces of an upload from an offset on; the connection is lost at each of these. */
    async function* pieces(server: Setup, from: number, losses: Set<number>): AsyncGenerator<number> {
      for (let at = from; at < SIZE; at += PIECE) {
        if (losses.delete(at - (at % PIECE))) {
          await until("the handler", () => server.waits.taken.has("upload"));
          server.duplexes.at(-1)?.destroy();
        }
        yield Math.min(PIECE, SIZE - at);
      }
    }

    test.runIf(ledger === "with a ledger")(
      "of bytes goes on where the server has it: its handler runs once, and gets each byte once",
      async () => {
        const { server, client } = await begin();
        const losses = new Set([100_000, 200_000, 390_000]);
        const upload = client.bytes.store(SCRIPT, async function* (offset: number) {
          for await (const size of pieces(server, offset, losses)) yield Buffer.alloc(size);
        });
        expect(await within("the upload", upload)).toMatchObject({ bytes: SIZE });
        expect(losses.size).toBe(0);
        expect(server.duplexes.length).toBeGreaterThan(2);
        expect(server.waits.started).toEqual(["upload"]);
      },
    );

    test.runIf(ledger === "with a ledger")("of items goes on where the server has it", async () => {
      const { server, client } = await begin();
      const count = SIZE / PIECE;
      const losses = new Set([100_000, 300_000]);
      const upload = client.run.store(SCRIPT, async function* (offset: number) {
        for await (const size of pieces(server, offset * PIECE, losses)) yield { text: "x".repeat(size) };
      });
      expect(await within("the upload", upload)).toMatchObject({ received: count, bytes: SIZE });
      expect(server.waits.started).toEqual(["upload"]);
    });

    test("from a source that can be read once ends with its connection", async () => {
      const { server, client } = await begin();
      const losses = new Set([200_000]);
      const upload = client.bytes.store(
        SCRIPT,
        (async function* () {
          for await (const size of pieces(server, 0, losses)) yield Buffer.alloc(size);
        })(),
      );
      expect(await failure(upload)).toMatchObject({ status: "UNAVAILABLE" });
      await until("the handler's end", () => server.waits.finished.includes("upload"));
    });

    test.runIf(ledger === "without a ledger")(
      "ends with its connection, also where its source could go on",
      async () => {
        const { server, client } = await begin();
        const losses = new Set([200_000]);
        const upload = client.bytes.store(SCRIPT, async function* (offset: number) {
          for await (const size of pieces(server, offset, losses)) yield Buffer.alloc(size);
        });
        expect(await failure(upload)).toMatchObject({ status: "UNAVAILABLE" });
      },
    );

    test.runIf(ledger === "without a ledger")("with a key is refused before it is sent", async () => {
      const { server, client } = await begin();
      const upload = client.bytes.store(SCRIPT, new Blob(["x"]), { idempotencyKey: "upload-1" });
      expect(await failure(upload)).toMatchObject({ status: "UNIMPLEMENTED" });
      expect(server.waits.started).toEqual([]);
    });
  });
}
