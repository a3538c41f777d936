import type { CallOptions, ConnectOptions, ConnectSshOptions, RunOptions } from "sshrpc/client";
import type { Context, Peer, ServeOptions, ServeStdioOptions } from "sshrpc/server";
import type { InMemoryOptions } from "sshrpc/testing";
import { describe, expectTypeOf, test } from "vitest";
import type { OPTIONS } from "../../scripts/docs/options.js";

type Table = typeof OPTIONS;
/** The names of the rows of some interfaces. */
type Names<Interfaces extends keyof Table> = { [Name in Interfaces]: keyof Table[Name] }[Interfaces];

type Client = Names<"ClientOptions" | "ConnectOptions">;
type Dial = Names<"DialOptions" | "LoginOptions" | "HostTrustOptions">;
type Listen = Names<"ListenOptions" | "AuthOptions" | "ForwardingOptions" | "GuardOptions">;

describe("the table of options", () => {
  test("has every option of serve", () => {
    expectTypeOf<keyof ServeOptions>().toEqualTypeOf<
      Listen | Names<"ServeOptions" | "ApiServerOptions" | "AuditOptions"> | Names<"AdapterOptions" | "KorvOptions">
    >();
  });

  test("has every option of serveStdio", () => {
    expectTypeOf<keyof ServeStdioOptions>().toEqualTypeOf<
      Names<"ServeStdioOptions" | "AuditOptions" | "AdapterOptions"> | Exclude<Names<"ApiServerOptions">, "ledger">
    >();
  });

  test("has every option of connect, connectSsh and run", () => {
    expectTypeOf<keyof ConnectOptions>().toEqualTypeOf<Client | Dial>();
    expectTypeOf<keyof ConnectSshOptions>().toEqualTypeOf<Dial | Names<"ConnectSshOptions">>();
    expectTypeOf<keyof RunOptions>().toEqualTypeOf<Names<"ExecOptions" | "RunOptions">>();
  });

  test("has every option of a call, and of a server in memory", () => {
    expectTypeOf<keyof CallOptions>().toEqualTypeOf<Names<"CallOptions">>();
    expectTypeOf<keyof InMemoryOptions>().toEqualTypeOf<Names<"InMemoryOptions" | "ApiServerOptions">>();
  });

  test("has every field of ctx and of its peer", () => {
    expectTypeOf<keyof Context>().toEqualTypeOf<Names<"Context">>();
    expectTypeOf<keyof Peer>().toEqualTypeOf<Names<"Peer">>();
  });
});
