import { RpcError } from "sshrpc/client";
import { inMemory, onLoopback, partialHandlers } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { connect } from "../../../conformance/generated/client.js";
import { defineHandlers } from "../../../conformance/generated/server.js";
import { failure } from "../support/wait.js";

describe("handlers of which one is implemented", () => {
  const handlers = partialHandlers(defineHandlers, { item: { get: ({ id }) => ({ id }) } });

  test("answer it, with the checks of the schema, and refuse the others by name", async () => {
    await using client = await connect(inMemory(handlers));
    expect(await client.item.get({ id: 7 })).toEqual({ id: 7 });
    expect(await client.item.get.safe({ id: 7 })).toEqual({ ok: true, value: { id: 7 } });
    expect(await failure(client.item.get({ id: "7" } as never))).toMatchObject({ status: "BAD_REQUEST" });
    const other = await failure(client.item.delete({ id: 7 }));
    expect(other).toMatchObject({ status: "UNIMPLEMENTED", message: "the test has no handler item.delete" });
    const stream = await failure(
      (async () => {
        for await (const _ of client.run.get({} as never));
      })(),
    );
    expect(stream).toBeInstanceOf(RpcError);
  });

  test("do not compile with a method that the API lacks", () => {
    // @ts-expect-error there is no such method
    partialHandlers(defineHandlers, { item: { put: () => null } });
    // @ts-expect-error there is no such resource
    partialHandlers(defineHandlers, { items: { get: () => null } });
    // @ts-expect-error the response is an item
    partialHandlers(defineHandlers, { item: { get: () => 7 } });
  });
});

describe("a server on the loopback interface", () => {
  const handlers = partialHandlers(defineHandlers, {
    secret: { get: (_, { peer }) => `${peer.user} ${peer.principal} ${peer.scopes.join()}` },
  });

  test("takes a client over SSH with its own key, for the user and the scopes of its options", async () => {
    await using server = await onLoopback(handlers, { user: "bob", scopes: ["secret:*", "notes:*"] });
    await using client = await connect(server.target, server.options);
    expect(await client.secret.get()).toBe("bob bob secret:*,notes:*");
    await using lesser = await onLoopback(handlers, { scopes: [] });
    await using other = await connect(lesser.target, lesser.options);
    expect(await failure(other.secret.get())).toMatchObject({ status: "FORBIDDEN" });
  });

  test("refuses another key and another user", async () => {
    await using server = await onLoopback(handlers);
    await using another = await onLoopback(handlers);
    const stranger = connect(server.target, { ...server.options, identity: another.options.identity });
    expect(await failure(stranger)).toMatchObject({ status: "UNAUTHENTICATED" });
    const mallory = connect(server.target.replace("test@", "mallory@"), server.options);
    expect(await failure(mallory)).toMatchObject({ status: "UNAUTHENTICATED" });
  });
});
