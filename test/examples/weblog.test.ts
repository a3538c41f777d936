import { appendFileSync, readdirSync, readlinkSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { NotesClient } from "../../generated/client.js";
import type { Follow, Hit } from "../../generated/types.js";
import { until, within } from "../unit/runtime/support/wait.js";
import { type ExampleServer, Workplace } from "./support.js";

let place: Workplace;
let server: ExampleServer;
let client: NotesClient;

beforeAll(async () => {
  place = new Workplace();
  server = await place.serve();
  client = await place.connect(server);
});

afterAll(() => place[Symbol.asyncDispose]());

beforeEach(() => writeFileSync(place.log, ""));

/** A line of the log, without its line break. */
function line(resource: string, referrer = "https://example.org/", status = 200): string {
  return `192.0.2.7 - - [31/Jan/2026:12:00:00 +0100] "GET ${resource} HTTP/1.1" ${status} 512 "${referrer}" "curl/8"`;
}

function write(...resources: readonly string[]): void {
  appendFileSync(place.log, resources.map((resource) => `${line(resource)}\n`).join(""));
}

/** A viewer that reads hits one by one. */
class Viewer implements AsyncDisposable {
  readonly #hits: AsyncIterator<Hit, undefined>;

  constructor(request: Follow) {
    this.#hits = client.weblog.get(request)[Symbol.asyncIterator]();
  }

  /** A viewer that follows already: it has received a hit written for it. */
  static async following(request: Follow = {}): Promise<Viewer> {
    write("/begin");
    const viewer = new Viewer({ follow: true, lines: 1, ...request });
    expect(await viewer.next()).toBe("/begin");
    return viewer;
  }

  async next(): Promise<string | undefined> {
    const { value } = await within("a hit", this.#hits.next());
    return value?.resource;
  }

  async take(count: number): Promise<(string | undefined)[]> {
    const taken: (string | undefined)[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hits.return?.();
  }
}

/** The server's number of open files of this name, and of watchers. */
function openFiles(): { logs: number; all: number } {
  const folder = `/proc/${server.pid}/fd`;
  const names = readdirSync(folder).flatMap((name) => {
    try {
      return readlinkSync(`${folder}/${name}`);
    } catch {
      return [];
    }
  });
  return { logs: names.filter((name) => name.startsWith(place.log)).length, all: names.length };
}

async function resources(request: Follow): Promise<string[]> {
  const all: string[] = [];
  for await (const hit of client.weblog.get(request)) all.push(hit.resource);
  return all;
}

describe("without following", () => {
  test("the stream ends with the log", async () => {
    write("/1", "/2", "/3");
    expect(await resources({})).toEqual(["/1", "/2", "/3"]);
  });

  test.each([
    [0, []],
    [1, ["/3"]],
    [3, ["/1", "/2", "/3"]],
    [1000, ["/1", "/2", "/3"]],
  ])("the last %i lines are sent", async (lines, expected) => {
    write("/1", "/2", "/3");
    expect(await resources({ lines })).toEqual(expected);
  });

  test("the last lines of a long log are sent, wherever they begin", async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `/${index}-ü${"x".repeat(index % 97)}`);
    write(...names);
    for (const lines of [1, 500, 2999]) expect(await resources({ lines })).toEqual(names.slice(-lines));
  });

  test("an incomplete line is not sent", async () => {
    write("/1", "/2");
    appendFileSync(place.log, line("/3").slice(0, -10));
    expect(await resources({ lines: 1 })).toEqual(["/2"]);
  });

  test("malformed lines are skipped, and so is an endless one", async () => {
    write("/1");
    appendFileSync(place.log, `restarting\n\n${Buffer.alloc(1000)}\n${"x".repeat(1_000_000)}\r\n${line("/2")}\r\n`);
    expect(await resources({})).toEqual(["/1", "/2"]);
  });

  test("a missing log fails with NOT_FOUND", async () => {
    renameSync(place.log, `${place.log}.away`);
    expect(await client.weblog.get.safe({ follow: true }).result).toMatchObject({ error: { status: "NOT_FOUND" } });
  });
});

describe("following", () => {
  test("hits arrive as they are written", async () => {
    await using viewer = await Viewer.following();
    for (const resource of ["/1", "/2", "/3"]) {
      write(resource);
      expect(await viewer.next()).toBe(resource);
    }
    write("/4", "/5");
    expect(await viewer.take(2)).toEqual(["/4", "/5"]);
  });

  test("a record that is written in two parts arrives once, complete", async () => {
    await using viewer = await Viewer.following();
    const text = `${line("/ü")}\n`;
    const bytes = Buffer.from(text);
    for (const cut of [1, bytes.indexOf("ü") + 1, 100, bytes.length - 1]) {
      appendFileSync(place.log, bytes.subarray(0, cut));
      // Longer than the polling interval of a viewer.
      await new Promise((resolve) => setTimeout(resolve, 300));
      appendFileSync(place.log, bytes.subarray(cut));
      expect(await viewer.next()).toBe("/ü");
    }
  });

  test("a record that was begun before the viewer connected arrives complete", async () => {
    write("/begin");
    const text = `${line("/1")}\n`;
    appendFileSync(place.log, text.slice(0, 60));
    await using viewer = new Viewer({ follow: true, lines: 1 });
    expect(await viewer.next()).toBe("/begin");
    appendFileSync(place.log, text.slice(60));
    expect(await viewer.next()).toBe("/1");
  });

  test("a renamed log is read to its end, and then the new file", async () => {
    await using viewer = await Viewer.following();
    for (const round of [1, 2, 3]) {
      const old = `${place.log}.${round}`;
      renameSync(place.log, old);
      // A web server writes to its open file until it is signaled; the new file is missing at first, then empty.
      appendFileSync(old, `${line(`/late-${round}`)}\n`);
      expect(await viewer.next()).toBe(`/late-${round}`);
      writeFileSync(place.log, "");
      appendFileSync(old, `${line(`/later-${round}`)}\n`);
      expect(await viewer.next()).toBe(`/later-${round}`);
      appendFileSync(old, `${line(`/last-${round}`)}\n${line("/half").slice(0, 40)}`);
      write(`/new-${round}`);
      expect(await viewer.take(2)).toEqual([`/last-${round}`, `/new-${round}`]);
    }
    await until("the old files to be closed", () => openFiles().logs === 1);
  });

  test("a log that is copied and truncated is read from its beginning", async () => {
    await using viewer = await Viewer.following();
    for (const round of [1, 2, 3]) {
      write(`/before-${round}`);
      expect(await viewer.next()).toBe(`/before-${round}`);
      truncateSync(place.log);
      write(`/after-${round}`);
      expect(await viewer.next()).toBe(`/after-${round}`);
    }
  });

  test("a truncated log that has outgrown its old length is read from its beginning, too", async () => {
    await using viewer = await Viewer.following();
    const names = Array.from({ length: 50 }, (_, index) => `/after-${index}`);
    writeFileSync(place.log, names.map((name) => `${line(name)}\n`).join(""));
    expect(await viewer.take(50)).toEqual(names);
  });

  test("several viewers receive all hits, each at its own pace", async () => {
    const viewers = await Promise.all(Array.from({ length: 5 }, () => new Viewer({ follow: true })));
    await using slow = new Viewer({ follow: true });
    const names = Array.from({ length: 5000 }, (_, index) => `/${index}`);
    for (let at = 0; at < names.length; at += 500) write(...names.slice(at, at + 500));
    for (const viewer of viewers) {
      await using one = viewer;
      expect(await one.take(5000)).toEqual(names);
    }
    expect(await slow.take(5000)).toEqual(names);
  });

  test("viewers that disconnect at any moment leave no open file and no watcher", async () => {
    write("/1", "/2");
    await until("earlier viewers to be gone", () => openFiles().logs === 0);
    const before = openFiles().all;
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const controller = new AbortController();
          const hits = client.weblog.get({ follow: true, lines: 2 }, { signal: controller.signal });
          const iterator = hits[Symbol.asyncIterator]();
          if (index > 2) await iterator.next();
          if (index % 2 === 0) await iterator.return?.();
          else controller.abort();
          await hits.response.catch(() => undefined);
        }),
      );
    }
    await until("all viewers to be gone", () => openFiles().logs === 0);
    // Node may keep one system watcher for later use.
    await until("their watchers to be gone", () => openFiles().all <= before + 2);
    write("/3");
    expect(await resources({ lines: 1 })).toEqual(["/3"]);
  });
});

describe("weblog-monitor", () => {
  const program = "examples/03-weblog/weblog-monitor.ts";

  test("prints where visitors come from, and exits on a visit to /kill-weblog-monitor", async () => {
    write("/kill-weblog-monitor");
    const monitor = await place.start(program, server.address);
    await until("the monitor to follow", () => {
      write("/seed");
      return monitor.stdout.includes("--> /seed");
    });
    const hits = [line("/a"), line("/direct", "-"), line("/gone", "https://example.net/", 404), line("/b", "\u009b2J")];
    appendFileSync(place.log, `${hits.join("\n")}\n${line("/kill-weblog-monitor")}\n${line("/after")}\n`);
    expect(await monitor.status).toBe(0);
    expect(monitor.stdout.replaceAll("https://example.org/ --> /seed\n", "")).toBe(
      "https://example.org/ --> /a\n\u{fffd}2J --> /b\n",
    );
    expect(monitor.stderr).toBe("");
  });

  test("exits when it is interrupted", async () => {
    const monitor = await place.start(program, server.address);
    await until("the monitor to follow", () => {
      write("/seed");
      return monitor.stdout !== "";
    });
    monitor.process.kill("SIGINT");
    expect(await monitor.status).toBe(130);
    expect(monitor.stderr).toBe("");
  });

  test.each([
    ["no address", [], 2, /usage: weblog-monitor ssh:\/\/user@host:port\n$/],
    ["too many arguments", ["ssh://a", "b"], 2, /usage: weblog-monitor /],
    ["an invalid address", ["http://x"], 1, /^BAD_REQUEST: invalid address .*the scheme must be ssh:.*\n$/],
    ["an address without a listener", ["ssh://alice@127.0.0.1:1"], 1, /^UNAVAILABLE: .*\n$/],
  ])("prints an error for %s", async (_, args, status, message) => {
    expect(await place.run(program, ...args)).toEqual({ status, stdout: "", stderr: expect.stringMatching(message) });
  });
});

describe("a viewer that comes back", () => {
  const hitsAfter = async (position: string | undefined, request: Follow = {}): Promise<(string | undefined)[]> => {
    const found: string[] = [];
    for await (const hit of client.weblog.get(request, { resumeAfter: position as string })) found.push(hit.resource);
    return found;
  };

  test("goes on behind its last hit, also after the log was rotated", async () => {
    write("/a", "/b", "/c");
    const stream = client.weblog.get();
    for await (const hit of stream) if (hit.resource === "/b") break;
    const { position } = stream;
    expect(await hitsAfter(position, { lines: 1 })).toEqual(["/c"]);
    renameSync(place.log, `${place.log}.1`);
    writeFileSync(place.log, `${line("/d")}\n`);
    expect(await hitsAfter(position)).toEqual(["/c"]);
    const follower = client.weblog.get({ follow: true }, { resumeAfter: position as string });
    const hits = follower[Symbol.asyncIterator]();
    expect([(await hits.next()).value?.resource, (await hits.next()).value?.resource]).toEqual(["/c", "/d"]);
    await hits.return?.();
  });

  test.each([
    ["of another stream", () => "41"],
    ["of the future", (position: string) => `${position}0`],
    ["of a log that is gone", () => "1-1:0"],
  ])("with a position %s fails with PRECONDITION_FAILED", async (_, change) => {
    write("/a");
    const stream = client.weblog.get();
    for await (const _hit of stream);
    const resumeAfter = change(stream.position as string);
    await expect(hitsAfter(resumeAfter)).rejects.toMatchObject({
      status: "PRECONDITION_FAILED",
      message: "no such position: its log is gone, or it is of another stream",
    });
  });
});
