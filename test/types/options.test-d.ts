import {
  type CallOptions,
  type Client,
  type ConnectionState,
  type ConnectOptions,
  connectSsh,
  type ErrorStatus,
  RpcError,
  type SshClient,
  type StatusName,
} from "sshrpc/client";
import { type Config, defineConfig, type ServeConfig } from "sshrpc/config";
import { terminalPrompts } from "sshrpc/prompts";
import type { Context, Logger, Peer, ServeOptions, Server } from "sshrpc/server";
import { generateKeyPair, type KeyPair } from "sshrpc/testing";
import { describe, expectTypeOf, test } from "vitest";
import { connect } from "../conformance/generated/client.js";
import type { Handlers, serve } from "../conformance/generated/server.js";

declare const handlers: Handlers;

describe("options", () => {
  test("of a call are all optional", () => {
    expectTypeOf<Record<never, never>>().toExtend<CallOptions>();
    expectTypeOf<CallOptions["timeout"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<CallOptions["signal"]>().toEqualTypeOf<AbortSignal | undefined>();
    expectTypeOf<NonNullable<CallOptions["onHeaders"]>>()
      .parameter(0)
      .toExtend<ReadonlyMap<string, readonly string[]>>();
  });

  test("of connect name the transport, the protocol and the keys", () => {
    expectTypeOf(connect).toBeCallableWith("edge", { transport: "openssh", protocol: "korv" });
    expectTypeOf(connect).toBeCallableWith(["edge1", "edge2"], { identity: ["one", Buffer.from("two")] });
    expectTypeOf(connect).toBeCallableWith("edge", terminalPrompts());
    expectTypeOf<NonNullable<ConnectOptions["log"]>>().toEqualTypeOf<Logger | false>();
    // @ts-expect-error a transport that does not exist
    connect("edge", { transport: "telnet" });
    // @ts-expect-error a protocol is not a transport
    connect("edge", { transport: "korv" });
    // @ts-expect-error an option that does not exist
    connect("edge", { identities: "key" });
    // @ts-expect-error milliseconds are a number
    connect("edge", { connectTimeout: "5s" });
  });

  test("of serve name the keys and the limits", () => {
    expectTypeOf<{ hostKeys: string; authorizedKeys: string }>().toExtend<ServeOptions>();
    expectTypeOf<NonNullable<ServeOptions["port"]>>().toBeNumber();
    expectTypeOf<Parameters<typeof serve>[1]>().toExtend<ServeOptions>();
    expectTypeOf<ReturnType<typeof serve>>().resolves.toEqualTypeOf<Server>();
    // @ts-expect-error a port is a number
    expectTypeOf<{ port: string }>().toExtend<ServeOptions>();
  });
});

describe("a server", () => {
  test("has a number as its port, texts as its host keys, and closes with a grace", () => {
    expectTypeOf<Server["port"]>().toBeNumber();
    expectTypeOf<Server["hostKeys"]>().toExtend<readonly string[]>();
    expectTypeOf<Server["close"]>().toBeCallableWith({ grace: 1000 });
    expectTypeOf<Server>().toExtend<AsyncDisposable>();
  });
});

describe("a client", () => {
  test("has a state, listeners of it, and plain SSH on its connection", () => {
    expectTypeOf<Client["state"]>().toEqualTypeOf<"connecting" | "ready" | "draining" | "closed">();
    expectTypeOf<Client["on"]>().returns.toEqualTypeOf<() => void>();
    expectTypeOf<Client["on"]>().parameter(1).parameter(0).toEqualTypeOf<ConnectionState>();
    expectTypeOf<Client["ssh"]>().toEqualTypeOf<SshClient>();
    expectTypeOf(connectSsh).returns.resolves.toEqualTypeOf<SshClient>();
    expectTypeOf<SshClient["run"]>().returns.resolves.toHaveProperty("stdout");
  });
});

describe("the context", () => {
  test("has the method, the log, headers and trailers", () => {
    expectTypeOf<Context["method"]>().toBeString();
    expectTypeOf<Context["log"]>().toEqualTypeOf<Logger>();
    expectTypeOf<Context["setHeader"]>().parameters.toEqualTypeOf<[name: string, value: string]>();
    expectTypeOf<Context["setTrailer"]>().parameters.toEqualTypeOf<[name: string, value: string]>();
    expectTypeOf<Context["clients"][number]["peer"]>().toEqualTypeOf<Peer>();
  });

  test("has no callbacks if the schema declares none, and is read only", () => {
    expectTypeOf<Context["callbacks"]>().toBeUndefined();
    const ctx = null as unknown as Context;
    // @ts-expect-error the deadline belongs to the caller
    ctx.deadline = 5;
    expectTypeOf(handlers.secret.get).parameter(1).toEqualTypeOf<Context>();
  });
});

describe("an RpcError", () => {
  test("has a status name, its number, and details of any type", () => {
    const error = new RpcError("NOT_FOUND", "no such note", { details: { id: 1 } });
    expectTypeOf(error.status).toEqualTypeOf<"NOT_FOUND">();
    expectTypeOf(error.details).toEqualTypeOf<{ id: number }>();
    expectTypeOf(error).toExtend<Error>();
    expectTypeOf<Exclude<StatusName, ErrorStatus>>().toEqualTypeOf<"OK">();
    // @ts-expect-error OK is not an error
    new RpcError("OK", "fine");
  });
});

test("a key pair is two texts", () => {
  expectTypeOf(generateKeyPair).returns.toEqualTypeOf<KeyPair>();
  expectTypeOf<KeyPair["privateKey"]>().toBeString();
  expectTypeOf<KeyPair["publicKey"]>().toBeString();
});

describe("a config file", () => {
  test("takes the options of serve() under the names of their flags, and the texts of flags", () => {
    expectTypeOf<Exclude<keyof ServeOptions, "host" | "hostKeys" | "sockets">>().toExtend<keyof ServeConfig>();
    expectTypeOf<ServeConfig["port"]>().toEqualTypeOf<number | string | undefined>();
    defineConfig({ port: 1, serve: { hostKey: "key", grace: "5s", perKey: { calls: 1 }, limits: { calls: 1 } } });
    // @ts-expect-error the name of the flag is "listen"
    defineConfig({ serve: { host: "::1" } });
    // @ts-expect-error the command has sockets of its own
    defineConfig({ serve: { sockets: {} } });
    // @ts-expect-error --stdio is for the command line alone
    defineConfig({ serve: { stdio: true } });
    expectTypeOf(defineConfig({})).toEqualTypeOf<Config>();
  });
});
