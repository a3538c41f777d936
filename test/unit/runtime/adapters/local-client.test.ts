import { expect, test } from "vitest";
import { LocalClient } from "../../../../runtime/src/adapters/local-client.js";
import { ALICE } from "../support/server.js";
import { failure, until } from "../support/wait.js";
import { noSuchNote, serveNotes } from "./notes-server.js";

test("one client makes many calls, by id and by path, each for its peer", async () => {
  const { server } = serveNotes({ "GET /notes": (_: unknown, ctx: { peer: { user: string } }) => ctx.peer.user });
  await using client = await LocalClient.open(server, ALICE, ["GET /notes", "GET /notes/{id}", "GET /notes/42"]);
  expect(await client.call("GET /notes", {}).response).toBe("alice");
  expect(await client.call("GET /notes/42", {}).response).toEqual({ id: 42 });
  const calls = [1, 2, 3].map((id) => client.call("GET /notes/{id}", { id }).response);
  expect(await Promise.all(calls)).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

test("the errors are those of every way in", async () => {
  const { server } = serveNotes({ "GET /notes/{id}": noSuchNote });
  expect(await failure(LocalClient.open(server, ALICE, ["GET /nothing"]))).toMatchObject({ status: "NOT_FOUND" });
  await using client = await LocalClient.open(server, { user: "bob", scopes: [] }, ["GET /notes", "GET /notes/7"]);
  expect(await failure(client.call("GET /notes", {}).response)).toMatchObject({ status: "FORBIDDEN" });
  expect(await failure(client.call("GET /notes/7", {}).response)).toMatchObject({ code: 404, details: { id: 7 } });
  expect(await failure(client.call("GET /notes/7", { id: 8 }).response)).toMatchObject({
    status: "BAD_REQUEST",
    message: "id: conflicting values: 7 in the path, 8 in the request",
  });
});

test("closing it ends what runs, and leaves nothing", async () => {
  let reason: unknown;
  const { server } = serveNotes({
    "GET /notes/{id}": (_: unknown, ctx: { signal: AbortSignal }) =>
      new Promise((_, reject) =>
        ctx.signal.addEventListener("abort", () => {
          reason = ctx.signal.reason;
          reject(reason);
        }),
      ),
  });
  const client = await LocalClient.open(server, ALICE, ["GET /notes/1"]);
  const call = failure(client.call("GET /notes/1", {}).response);
  await until("the call", () => server.calls === 1);
  await client.close();
  expect(await call).toMatchObject({ status: "UNAVAILABLE" });
  await until("the end", () => reason !== undefined && server.calls === 0 && server.connections === 0);
});
