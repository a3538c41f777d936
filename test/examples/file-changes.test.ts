import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FileChanges } from "../../examples/lib/file-changes.js";

describe("who waits for a file to change", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("goes on at once when it is told to stop, now or before", async () => {
    const controller = new AbortController();
    const changes = new FileChanges("/nowhere/access.log", controller.signal);
    const next = changes.next();
    controller.abort();
    await next;
    await changes.next();
    expect(vi.getTimerCount()).toBe(0);
    changes.close();
  });

  test("looks again after a moment, where the system tells nothing", async () => {
    const changes = new FileChanges("/nowhere/access.log", new AbortController().signal);
    const next = changes.next();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(250);
    await next;
    changes.close();
  });
});
