import { describe, expect, test } from "vitest";
import { ResponseMetadata } from "../../../../../runtime/src/server/call/response-metadata.js";

test("headers can be set until they are sent, trailers afterwards too", () => {
  const metadata = new ResponseMetadata(1000);
  metadata.header("X-A", "1");
  metadata.header("x-a", "2");
  expect(metadata.takeHeaders()).toBe('[["x-a","1"],["x-a","2"]]');
  expect(metadata.takeHeaders()).toBeUndefined();
  expect(() => metadata.header("x-b", "1")).toThrow("header x-b: too late");
  metadata.trailer("x-b", "☺");
  expect(metadata.trailers).toBe('[["x-b","☺"]]');
});

test("no metadata is sent where none was set", () => {
  const metadata = new ResponseMetadata(1000);
  expect([metadata.takeHeaders(), metadata.trailers]).toEqual([undefined, undefined]);
});

describe.each(["header", "trailer"] as const)("a %s", (what) => {
  const encoded = (metadata: ResponseMetadata): string | undefined =>
    what === "header" ? metadata.takeHeaders() : metadata.trailers;

  test.each([
    ["that is over the limit", "x-big", "x".repeat(100), "MESSAGE_TOO_LARGE"],
    ["whose name is none", "x y", "1", "BAD_REQUEST"],
    ["whose value is not a string", "x-n", 7 as unknown as string, "BAD_REQUEST"],
  ])("%s is refused, and other values are kept", (_, name, value, status) => {
    const metadata = new ResponseMetadata(40);
    metadata[what]("x-a", "1");
    expect(() => metadata[what](name, value)).toThrow(expect.objectContaining({ status }));
    metadata[what]("x-b", "2");
    expect(encoded(metadata)).toBe('[["x-a","1"],["x-b","2"]]');
  });

  test("keeps the order of its values, whatever the case of its name", () => {
    const metadata = new ResponseMetadata(1000);
    metadata[what]("X-A", "1");
    metadata[what]("x-a", "2");
    metadata[what]("X-A", "3");
    expect(encoded(metadata)).toBe('[["x-a","1"],["x-a","2"],["x-a","3"]]');
  });

  test.each(["constructor", "__proto__", "tostring"])("may be named %s", (name) => {
    const metadata = new ResponseMetadata(1000);
    metadata[what](name, "1");
    metadata[what](name, "2");
    expect(encoded(metadata)).toBe(`[["${name}","1"],["${name}","2"]]`);
  });
});
