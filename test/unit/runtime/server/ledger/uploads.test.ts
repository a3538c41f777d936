import { describe, expect, test } from "vitest";
import { FRAME } from "../../../../support/raw-peer.js";
import { until } from "../../support/wait.js";
import { type Caller, serveOrders } from "./orders.js";

const upload = (resumes: "first" | "again") => ({
  ...{ key: "upload-1", method: "STORE /upload", hasStream: true },
  metadata: [["resume-upload", resumes]] as const,
});

const item = ({ raw }: Caller, id: number, text: string): void =>
  void raw.send({ kind: FRAME.ITEM, id, body: Buffer.from(text) });

/** A server that collects uploads, and what its handlers have read. */
function serveUploads(options: Parameters<typeof serveOrders>[1] = {}) {
  const read: string[] = [];
  const orders = serveOrders(
    (async (_request: unknown, items: AsyncIterable<Buffer>) => {
      for await (const chunk of items) read.push(`${chunk}`);
      return read.join("");
    }) as never,
    options,
  );
  return { ...orders, read };
}

describe("an upload that another attempt goes on with", () => {
  test("goes on where the first connection is found to be lost later", async () => {
    const { connect, read } = serveUploads();
    const [first, second] = [await connect(), await connect()];
    item(first, first.send(upload("first")), "ab");
    await until("its bytes", () => read.length === 1);
    const id = second.send(upload("again"));
    await second.raw.next(FRAME.HEADERS);
    item(second, id, "cd");
    await until("its bytes", () => read.length === 2);
    first.lose();
    await until("its loss", () => first.raw.duplex.destroyed);
    await new Promise((resolve) => setImmediate(resolve));
    item(second, id, "ef");
    second.raw.send({ kind: FRAME.END, id });
    expect(await second.answer()).toMatchObject({ code: 200, body: "abcdef" });
  });

  test("has no bytes twice where the other sends from its beginning, unasked", async () => {
    const { connect, read, server } = serveUploads({ ledger: { resumeGrace: 100 } });
    const [first, second] = [await connect(), await connect()];
    item(first, first.send(upload("first")), "ab");
    await until("its bytes", () => read.length === 1);
    first.lose();
    await until("its loss", () => first.raw.duplex.destroyed);
    const id = second.send(upload("first"));
    item(second, id, "abcd");
    second.raw.send({ kind: FRAME.END, id });
    await second.answer();
    await until("the end of both", () => server.calls === 0);
    expect(read).toEqual(["ab"]);
  });
});
