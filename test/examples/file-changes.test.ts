import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FileChanges } from "../../examples/lib/file-changes.js";

describe("waiting for a file to change", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("resolves at once when its signal aborts, or has aborted already", async () => {
    const controller = new AbortController();
    const changes = new FileChanges("/nowhere/access.log", controller.signal);
    const next = changes.next();
    controller.abort();
    await next;
    await changes.next();
    expect(vi.getTimerCount()).toBe(0);
    changes.close();
  });

  test("resolves after a moment when the system reports no event", async () => {
    const changes = new FileChanges("/nowhere/access.log", new AbortController().signal);
    const next = changes.next();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(250);
    await next;
    changes.close();
  });
});
