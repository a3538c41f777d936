import type { ConnectOptions } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { gate } from "../../support/host.js";
import { connectOperator } from "../../support/operator.js";
import { Recorder } from "../../support/recorder.js";
import { apiOf, handlersOf, type ItClient, method, TestLog } from "../../support/server.js";
import { failure, until } from "../../support/wait.js";

const IT = method("GET /it");
const OPERATOR = { user: "op", fingerprint: "SHA256:op", scopes: ["sshrpc:kick", "sshrpc:status"] };

describe("over SSH", () => {
  const [host, alice, admin] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];

  async function serve(options: Partial<ServeOptions> = {}) {
    const { opened, open } = gate();
    const [audit, log] = [new TestLog(), new TestLog()];
    const server = await serveHandlers(handlersOf([IT], { "GET /it": () => opened }), {
      ...{ host: "127.0.0.1", port: 0, audit, log },
      hostKeys: { privateKey: host.privateKey },
      authorizedKeys: {
        lines: [`scopes="*" ${alice.publicKey} alice@laptop`, `scopes="sshrpc:*" ${admin.publicKey} op@console`],
      },
      ...options,
    });
    onTestFinished(() => server.close());
    const target = (user: string) => `ssh://${user}@127.0.0.1:${server.port}`;
    const with_ = (key: typeof alice): ConnectOptions => ({
      ...{ identity: { privateKey: key.privateKey }, hostKey: server.fingerprints },
      ...{ agent: false, sshConfig: false, retries: 0, reconnect: false },
    });
    const connect = async () => {
      const client = await connectApi<ItClient>(apiOf(IT), target("alice"), with_(alice));
      onTestFinished(() => client.close());
      return client;
    };
    return { server, open, audit, log, connect, operator: await connectOperator(target("op"), with_(admin)) };
  }

  test("ends a connection by its id at once, tells the peer why, and the audit log who did it", async () => {
    const { connect, operator, audit } = await serve();
    const client = await connect();
    const call = failure(client.it.get());
    const { connections, keys } = await operator.status.get();
    const row = connections.rows.find(({ user }) => user === "alice");
    expect(row).toMatchObject({ calls: 1, keyName: "alice@laptop", fingerprint: expect.stringContaining("SHA256:") });
    expect(row?.bytesIn).toBeGreaterThan(1000);
    expect(row?.bytesOut).toBeGreaterThan(1000);
    expect(keys).toMatchObject({ authorized: 2, active: 2 });
    const id = row?.id as string;
    const kicked = await operator.connection.delete({ id, reason: "maintenance" });
    expect(kicked).toMatchObject({ ended: 1, rows: [{ id, user: "alice", calls: 1 }], omitted: 0 });
    const text = "disconnected by an operator: maintenance";
    expect(await call).toMatchObject({ message: expect.stringContaining(text) });
    const line = await until("the audit log", () =>
      audit.lines.find(({ message }) => message === "SSH connection closed"),
    );
    expect(line.fields).toMatchObject({ connection: id, user: "alice", reason: text });
    const line2 = audit.lines.find(({ message }) => message === "connection kicked");
    expect(line2).toMatchObject({
      level: "warn",
      fields: { connection: id, user: "alice", reason: text, by: { user: "op", keyName: "op@console" } },
    });
    expect(audit.lines.find(({ fields }) => fields["method"] === "DELETE /sshrpc/connections/{id}")).toMatchObject({
      fields: { user: "op", status: "OK" },
    });
    expect((await operator.status.get()).connections.open).toBe(1);
    expect(await failure(operator.connection.delete({ id }))).toMatchObject({ status: "NOT_FOUND" });
  });

  test("with a grace, ends it when its calls have ended", async () => {
    const { connect, operator, open, audit } = await serve();
    const client = await connect();
    const call = client.it.get();
    const fingerprint = (await operator.status.get()).connections.rows.find(
      ({ user }) => user === "alice",
    )?.fingerprint;
    const kicked = await operator.connections.delete({ fingerprint: fingerprint as string, grace: 60_000 });
    expect(kicked.ended).toBe(1);
    expect((await operator.status.get()).connections.open).toBe(2);
    open();
    expect(await call).toBeNull();
    await until("its end", () => audit.lines.some(({ message }) => message === "SSH connection closed"));
    expect(audit.lines.find(({ message }) => message === "connection kicked")?.fields).toMatchObject({ grace: 60_000 });
  });

  test("with a grace, ends it after the grace although a call runs", async () => {
    const { connect, operator } = await serve();
    const client = await connect();
    const call = failure(client.it.get());
    await operator.connections.delete({ user: "alice", grace: 1 });
    expect(await call).toMatchObject({ status: "UNAVAILABLE" });
  });
});

describe("in memory", () => {
  function serve() {
    const recorder = new Recorder();
    const server = inMemory(handlersOf([IT], { "GET /it": () => 1 }), {
      peer: OPERATOR,
      observer: recorder.observer,
    });
    onTestFinished(() => server.close());
    return { server, recorder };
  }

  test("ends the 1,000 connections of a key, and lists the first ones", async () => {
    const { server, recorder } = serve();
    const operator = await connectOperator(server);
    const peer = { user: "alice", principal: "alice", fingerprint: "SHA256:a" };
    const duplexes = await Promise.all(Array.from({ length: 1000 }, () => server.as(peer).open()));
    for (const duplex of duplexes) duplex.once("end", () => duplex.destroy()).resume();
    const other = await server.as({ ...peer, fingerprint: "SHA256:b" }).open();
    onTestFinished(() => void other.destroy());
    const kicked = await operator.connections.delete({ fingerprint: "SHA256:a" });
    expect([kicked.ended, kicked.rows.length, kicked.omitted]).toEqual([1000, 100, 900]);
    await until("their ends", () => recorder.of("connectionClosed").length >= 1000);
    expect((await operator.status.get()).connections.open).toBe(2);
    const events = recorder.of("connectionKicked");
    expect(events).toHaveLength(1000);
    expect(events[0]).toMatchObject({ peer, by: OPERATOR, grace: 0, reason: "disconnected by an operator" });
  });

  test("leaves the connection of the caller open", async () => {
    const { server } = serve();
    const operator = await connectOperator(server.as({ connectionId: "own" }), { reconnect: false });
    await connectOperator(server.as({ connectionId: "other" }));
    expect(await failure(operator.connection.delete({ id: "own" }))).toMatchObject({
      status: "BAD_REQUEST",
      message: expect.stringContaining("the connection of the call itself"),
    });
    const kicked = await operator.connections.delete({ fingerprint: OPERATOR.fingerprint });
    expect(kicked).toMatchObject({ ended: 1, rows: [{ id: "other" }] });
    expect((await operator.status.get()).connections.open).toBe(1);
  });

  test.each([
    ["NOT_FOUND", { fingerprint: "SHA256:none" }],
    ["NOT_FOUND", { principal: "" }],
    ["BAD_REQUEST", {}],
    ["BAD_REQUEST", { user: "a", principal: "b" }],
    ["BAD_REQUEST", { user: "a", grace: -1 }],
    ["BAD_REQUEST", { user: "a", grace: 86_400_001 }],
    ["BAD_REQUEST", { user: "a", reason: "x".repeat(161) }],
    ["BAD_REQUEST", { user: 1 as unknown as string }],
  ])("answers %s to %j, and ends nothing", async (status, request) => {
    const { server, recorder } = serve();
    const operator = await connectOperator(server);
    expect(await failure(operator.connections.delete(request))).toMatchObject({ status });
    expect(recorder.of("connectionKicked")).toEqual([]);
  });

  test("quotes an unknown id without what a terminal would interpret", async () => {
    const operator = await connectOperator(serve().server);
    const error = await failure<Error>(operator.connection.delete({ id: "\u001b[2J" }));
    expect(error.message).toContain("\\u{1b}[2J");
    expect(error.message).not.toContain("\u001b");
  });

  test.each([[["*"]], [["sshrpc:status", "sshrpc:health"]]])("a key with the scopes %j cannot", async (scopes) => {
    const operator = await connectOperator(serve().server.as({ scopes }));
    for (const call of [operator.connections.delete({ user: "a" }), operator.connection.delete({ id: "a" })]) {
      expect(await failure(call)).toMatchObject({ status: "FORBIDDEN" });
    }
  });
});
