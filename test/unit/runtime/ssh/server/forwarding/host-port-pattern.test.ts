import { describe, expect, it } from "vitest";
import {
  parseHostPortPattern,
  permitsListen,
  permitsOpen,
} from "../../../../../../runtime/src/ssh/server/forwarding/host-port-pattern.js";

const open = (text: string) => parseHostPortPattern(text, { port: false });
const listen = (text: string) => parseHostPortPattern(text, { port: true });

describe("parseHostPortPattern", () => {
  it("parses names, addresses in brackets, and wildcards", () => {
    expect(open("Db.internal:5432")).toEqual({ host: "db.internal", port: 5432 });
    expect(open("[::1]:22")).toEqual({ host: "::1", port: 22 });
    expect(open("*:*")).toEqual({ host: "*", port: null });
    expect(listen("8080")).toEqual({ host: "*", port: 8080 });
    expect(listen("*")).toEqual({ host: "*", port: null });
  });

  it.each(["", "host", ":22", "host:", "host:x", "::1:22", "[::1]", "host:65536", "host:22 ", "a:b:22", "8080"])(
    "rejects %j",
    (text) => {
      expect(() => open(text)).toThrow(`"${text}"`);
    },
  );
});

describe("permitsOpen and permitsListen", () => {
  it("compare the host exactly for connections, and as a wildcard pattern for listeners", () => {
    expect(permitsOpen(open("db:5432"), "DB", 5432)).toBe(true);
    expect(permitsOpen(open("db:5432"), "db", 5433)).toBe(false);
    expect(permitsOpen(open("*.db:*"), "a.db", 1)).toBe(false);
    expect(permitsOpen(open("*:22"), "anything", 22)).toBe(true);
    expect(permitsListen(listen("local*:80"), "localhost", 80)).toBe(true);
    expect(permitsListen(listen("local*:80"), "127.0.0.1", 80)).toBe(false);
    expect(permitsListen(listen("*:*"), "", 0)).toBe(true);
  });
});
