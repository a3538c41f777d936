import { describe, expect, test } from "vitest";
import { TypedLines } from "../../../../../runtime/src/adapters/console/typed-lines.js";

async function all(input: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const line of input) text += line;
  return text;
}

describe("the lines of a terminal", () => {
  test("go to the first reader, the prompt or a command", async () => {
    const lines = new TypedLines();
    for (const line of ["call", "input", undefined, "next"]) lines.push(line);
    expect(await lines.next()).toBe("call");
    expect(await all(lines.input())).toBe("input\n");
    expect(await lines.next()).toBe("next");
  });

  test("skip a reader that has stopped, so that the prompt gets the lines that a command did not read", async () => {
    const lines = new TypedLines();
    const input = lines.input();
    const waiting = input.next();
    await input.return?.();
    lines.push("for the prompt");
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await lines.next()).toBe("for the prompt");
  });

  test("are dropped when the buffer is full", () => {
    const lines = new TypedLines();
    const taken = Array.from({ length: 300 }, () => lines.push("x")).filter(Boolean);
    expect(taken).toHaveLength(256);
    lines.clear();
    expect(lines.push("x")).toBe(true);
  });

  test("end for waiting and later readers", async () => {
    const lines = new TypedLines();
    const waiting = lines.next();
    lines.end();
    expect([await waiting, await lines.next(), await all(lines.input())]).toEqual([undefined, undefined, ""]);
  });

  test("end with the error of an input that failed", async () => {
    const lines = new TypedLines();
    const waiting = lines.next();
    lines.end(new Error("read error"));
    await expect(waiting).rejects.toThrow("read error");
    await expect(lines.input().next()).rejects.toThrow("read error");
  });
});
