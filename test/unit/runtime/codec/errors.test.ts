import { type ErrorStatus, STATUSES } from "sshrpc/contract";
import { connectApi } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { inMemory } from "sshrpc/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FRAME, type RawPeer } from "../../../support/raw-peer.js";
import { apiOf, connectRaw, handlersOf, type ItClient, method, serveRaw } from "../support/server.js";
import { failure } from "../support/wait.js";

describe("an error of a handler", () => {
  let client: ItClient;
  const it = method("GET /it");
  const details = { id: 7, why: ["ü"] };
  const fail = (status: unknown): never => {
    throw new RpcError(status as ErrorStatus, "\ttab\r\nline ☺ 😈", { details });
  };

  beforeAll(async () => {
    client = await connectApi<ItClient>(apiOf(it), inMemory(handlersOf([it], { [it.id]: fail })), { retries: 0 });
  });
  afterAll(() => client.close());

  test.each(Object.keys(STATUSES).filter((name) => name !== "OK") as ErrorStatus[])(
    "of status %s arrives with its message and details",
    async (status) => {
      expect(await failure(client.it.get(status))).toMatchObject({
        status,
        code: STATUSES[status],
        message: "\ttab\r\nline ☺ 😈",
        details,
        method: "GET /it",
      });
    },
  );

  test("is sent without its stack, its cause and its method", async () => {
    const { peer } = await serveRaw(() => {
      throw new RpcError("CONFLICT", "no", { cause: new Error("secret"), method: "GET /secret" });
    });
    peer.hello(["GET /it"]).open(1);
    expect((await peer.status()).body).toEqual({ message: "no" });
    peer.duplex.destroy();
  });
});

describe("a client that receives the STATUS", () => {
  let connected: { client: ItClient; peer: RawPeer };

  beforeAll(async () => {
    connected = await connectRaw({ retries: 0 });
  });
  afterAll(() => connected.client.close());

  async function errorOf(code: number, body: string): Promise<unknown> {
    const call = connected.client.it.get();
    const { id } = await connected.peer.next(FRAME.OPEN);
    connected.peer.answer(id, code, body);
    return failure(call);
  }

  test.each(["", "null", "42", '"text"', "[]", '{"message":42}'])(
    "404 with the malformed body %j loses message and details, not the status",
    async (body) => {
      expect(await errorOf(404, body)).toMatchObject({ status: "NOT_FOUND", message: "not found", details: undefined });
    },
  );

  test.each([
    ["null", null],
    ["0", 0],
    ["false", false],
    ['""', ""],
    ["[]", []],
  ])("404 with the details %s keeps message and details", async (text, details) => {
    const error = await errorOf(404, `{"message":"gone","details":${text}}`);
    expect(error).toMatchObject({ status: "NOT_FOUND", message: "gone", details, method: "GET /it" });
  });

  test("400 without details has an empty list of issues, which its type promises", async () => {
    expect(await errorOf(400, '{"message":"no"}')).toMatchObject({ message: "no", details: { issues: [] } });
    expect(await errorOf(400, "")).toMatchObject({ message: "bad request", details: { issues: [] } });
    expect(await errorOf(400, '{"details":{"issues":[1]}}')).toMatchObject({ details: { issues: [1] } });
    expect(await errorOf(409, "{}")).toMatchObject({ message: "conflict", details: undefined });
  });

  test.each([
    [418, "BAD_REQUEST", 418],
    [499, "CANCELLED", 499],
    [402, "BAD_REQUEST", 402],
    [599, "INTERNAL", 599],
    // A number that is not one of an error is not passed on.
    [302, "INTERNAL", 500],
    [201, "INTERNAL", 500],
    [0, "INTERNAL", 500],
    [65_535, "INTERNAL", 500],
  ])("%i reads it as %s", async (sent, status, code) => {
    expect(await errorOf(sent, "")).toMatchObject({ status, code, method: "GET /it" });
  });
});
