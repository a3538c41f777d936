import type { Client } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { inMemory } from "sshrpc/testing";
import { expect, test } from "vitest";
import { apiOf, handlersOf, method, only, transportTo } from "../support/server.js";
import { failure } from "../support/wait.js";

const methods = [
  method("GET /notes/{id}", {
    params: { id: "integer" },
    request: only((value) => Number.isInteger((value as { id: unknown }).id)),
  }),
  method("DELETE /notes/{id}", { params: { id: "integer" } }),
];
const transport = inMemory(
  handlersOf(methods, {
    "GET /notes/{id}": (request) => request,
    "DELETE /notes/{id}": () => {
      throw new Error("no");
    },
  }),
);

test("a resource can have the name of a property that every object inherits", async () => {
  const api = apiOf(method("GET /a", { resource: "hasOwnProperty" }), method("GET /b", { resource: "isPrototypeOf" }));
  const client = await connectApi<Client>(api, transport);
  expect(Object.keys((client as unknown as { hasOwnProperty: object }).hasOwnProperty)).toEqual(["get"]);
  expect("get" in Object.prototype.hasOwnProperty).toBe(false);
  await client.close();
});

test("an unknown event is refused", async () => {
  await using client = await connectApi<Client>(apiOf(...methods), transport);
  expect(() => client.on("error" as "state", () => undefined)).toThrow(
    expect.objectContaining({ status: "BAD_REQUEST", message: 'unknown event "error"; known events: state' }),
  );
});

test("limits are validated before a transport is opened", async () => {
  let opened = 0;
  const error = await failure<Error>(
    connectApi(
      apiOf(),
      transportTo(() => opened++),
      { limits: { calls: 0 } },
    ),
  );
  expect(error.message).toContain("limits.calls: 0 is not");
  expect(opened).toBe(0);
});

test("a transport that fails to open rejects with its own error", async () => {
  const open = () => Promise.reject(new Error("no way there"));
  expect(await failure(connectApi(apiOf(), { address: "x", open }))).toMatchObject({ message: "no way there" });
});

test("`await using` closes a client", async () => {
  const closed: unknown[] = [];
  const watched = transportTo((far) => {
    far.on("close", () => closed.push(far));
    inMemoryAccept(far);
  });
  {
    await using client = await connectApi<Client>(apiOf(), watched);
    expect(client).toBeDefined();
  }
  expect(closed).toHaveLength(1);
});

/** Responds as a server without methods does. */
function inMemoryAccept(far: import("node:stream").Duplex): void {
  void transport.open().then((near) => near.pipe(far).pipe(near));
}
