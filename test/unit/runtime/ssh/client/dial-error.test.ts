import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DialStage, dialError, dialTimeout } from "../../../../../runtime/src/ssh/client/dial-error.js";
import { PausableTimer } from "../../../../../runtime/src/ssh/client/pausable-timer.js";

describe("the error of a failed connection", () => {
  const target = { user: "alice", host: "edge", port: 8022 };
  const system = (code: string, message = code) => Object.assign(new Error(message), { code });
  const received = "SSH-2.0-OpenSSH_5.0\r\n";

  it.each<[DialStage, Error | undefined, string]>([
    ["connecting", system("ECONNREFUSED"), "connection refused by edge:8022: is the server running?"],
    ["connecting", system("ENOTFOUND"), "cannot resolve host edge: check the name in ssh://alice@edge:8022"],
    ["connecting", system("EAI_AGAIN"), "cannot resolve host edge: the name server does not answer"],
    ["connecting", system("EHOSTUNREACH"), "no route to edge:8022 (EHOSTUNREACH): check the network"],
    [
      "connecting",
      system("ETIMEDOUT"),
      "no answer from edge:8022: is the host running, and does a firewall block the port?",
    ],
    ["connecting", system("EMFILE", "too many\nfiles"), "cannot connect to edge:8022: too many\\u{a}files"],
    [
      "key exchange",
      new Error("Handshake failed: no matching key exchange algorithm: the server offers a; the client offers b, c"),
      "edge:8022 and this client have no common key exchange algorithm: the server offers a; the client offers b, c; change the " +
        'option algorithms.kex, or set transport: "openssh" for outdated or for other post-quantum key exchanges',
    ],
    [
      "key exchange",
      new Error("Handshake failed: no matching host key format"),
      "edge:8022 and this client have no common host key format: the server offers only outdated ones",
    ],
    ["key exchange", undefined, "edge:8022 closed the connection during the key exchange"],
  ])("explains a failure while %s: %s", (stage, error, message) => {
    expect(dialError({ target, stage, received }, error)).toMatchObject({ kind: "unavailable", message });
  });

  it("names the default port of sshrpc if the port of ssh refuses the connection", () => {
    const error = dialError(
      { target: { ...target, port: 22 }, stage: "connecting", received: "" },
      system("ECONNREFUSED"),
    );
    expect(error.message).toContain(":8022");
  });

  it("names the stage that exceeded the timeout", () => {
    const message = (stage: DialStage, text: string) => dialTimeout({ target, stage, received: text }, 500).message;
    expect(message("connecting", "")).toMatch(
      /^no answer from edge:8022 within 500 ms \(connectTimeout\): is the host running/,
    );
    expect(message("greeting", "220 smtp\r\n")).toMatch(/^edge:8022 is not an SSH server: received "220 smtp"/);
    expect(message("channel", received)).toMatch(/^ssh:\/\/alice@edge:8022 did not finish the channel within 500 ms/);
  });
});

describe("the timer of connectTimeout", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("fires after its total time across restarts, and not after a stop", () => {
    const timer = new PausableTimer(1000);
    const elapsed = vi.fn();
    timer.start(() => elapsed("first"));
    vi.advanceTimersByTime(600);
    timer.start(() => elapsed("second"));
    vi.advanceTimersByTime(399);
    expect(elapsed).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(elapsed.mock.calls).toEqual([["second"]]);
    const stopped = new PausableTimer(10);
    stopped.start(elapsed);
    stopped.stop();
    vi.advanceTimersByTime(100);
    expect(elapsed).toHaveBeenCalledTimes(1);
  });

  it("pauses until a promise settles, and does not restart a timer that was stopped meanwhile", async () => {
    const timer = new PausableTimer(1000);
    const elapsed = vi.fn();
    timer.start(elapsed);
    vi.advanceTimersByTime(900);
    const waiting = timer.pauseFor(new Promise((resolve) => setTimeout(resolve, 60_000, "answer")));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await waiting).toBe("answer");
    await expect(timer.pauseFor(Promise.reject(new Error("no")))).rejects.toThrow("no");
    vi.advanceTimersByTime(99);
    expect(elapsed).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(elapsed).toHaveBeenCalledTimes(1);

    const other = new PausableTimer(1000);
    other.start(elapsed);
    const [first, second] = [5000, 7000].map((time) => other.pauseFor(new Promise((done) => setTimeout(done, time))));
    await vi.advanceTimersByTimeAsync(6500);
    await first;
    expect(elapsed).toHaveBeenCalledTimes(1);
    other.stop();
    await vi.advanceTimersByTimeAsync(5000);
    await second;
    expect([elapsed.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
