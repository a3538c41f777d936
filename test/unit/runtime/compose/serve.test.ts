import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { serveNotesOverSsh } from "../../../interop/served.js";
import { failure } from "../support/wait.js";

test("close() with an invalid grace rejects, and the server keeps running", async () => {
  const { server } = await serveNotesOverSsh();
  expect((await failure<Error>(server.close({ grace: Number.NaN }))).message).toMatch(/^option grace: NaN/);
  const socket = connect(server.port, "127.0.0.1");
  const [greeting] = (await once(socket, "data")) as [Buffer];
  expect(String(greeting)).toMatch(/^SSH-2\.0-/);
  socket.destroy();
});
