import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type ssh2 from "ssh2";
import type { Forwarding, Peer } from "sshrpc/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { rawClient } from "../../raw-client.js";
import { closed, failure, freePort, readText, startBench, startTcp, write } from "../../support.js";

const forwarding = (rules: Forwarding) => startBench({ forwarding: rules });

function forwardOut(client: ssh2.Client, host: string, port: number): Promise<ssh2.ClientChannel> {
  return new Promise((resolve, reject) =>
    client.forwardOut("10.0.0.1", 1234, host, port, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
}

function forwardIn(client: ssh2.Client, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) =>
    client.forwardIn(host, port, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
}

function forwardInUnix(client: ssh2.Client, path: string): Promise<void> {
  return new Promise((resolve, reject) =>
    client.openssh_forwardInStreamLocal(path, (error?: Error | null) => (error ? reject(error) : resolve())),
  );
}

/** A server that echoes. */
const startEcho = () => startTcp((socket) => void socket.pipe(socket));

describe("a connection that a client requests", () => {
  it("is refused by default, in every form, and the SSH connection stays open", async () => {
    const bench = await startBench();
    const client = await rawClient(bench);
    const port = await startEcho();
    const path = join(bench.directory, "socket");
    expect((await failure(forwardOut(client, "127.0.0.1", port))).message).toBe(
      "(SSH) Channel open failure: not permitted",
    );
    const unix = new Promise((_resolve, reject) =>
      client.openssh_forwardOutStreamLocal(path, (error) => reject(error)),
    );
    expect((await failure(unix)).message).toMatch(/Channel open failure/);
    expect((await failure(forwardIn(client, "127.0.0.1", 0))).message).toMatch(/Unable to bind/);
    expect((await failure(forwardInUnix(client, path))).message).toMatch(/Unable to bind/);
    expect(existsSync(path)).toBe(false);
    expect(bench.log.with("forwarding refused").map(({ fields }) => [fields["kind"], fields["user"]])).toEqual([
      ["direct-tcpip", "alice"],
      ["direct-streamlocal", "alice"],
      ["tcpip-forward", "alice"],
      ["streamlocal-forward", "alice"],
    ]);
  });

  it.each([null, undefined, "yes", 1])("is refused where the rule answers %s", async (answer) => {
    const bench = await forwarding({ permitOpen: () => answer as never, permitListen: () => answer as never });
    const client = await rawClient(bench);
    const { message } = await failure(forwardOut(client, "127.0.0.1", await startEcho()));
    expect(message).toBe("(SSH) Channel open failure: not permitted");
    expect((await failure(forwardIn(client, "127.0.0.1", 0))).message).toMatch(/Unable to bind/);
    const reasons = bench.log.with("forwarding refused").map(({ fields }) => fields["reason"]);
    expect(reasons).toEqual(["not permitted", "not permitted"]);
  });

  it("is decided by a function of request and peer, which may deny it with a reason", async () => {
    const requests: unknown[] = [];
    const port = await startEcho();
    const bench = await forwarding({
      permitOpen: async (request, peer: Peer) => {
        requests.push([peer.user, request]);
        return request.port === port || { deny: "the database sleeps" };
      },
    });
    const client = await rawClient(bench);
    const channel = await forwardOut(client, "127.0.0.1", port);
    channel.end("hello");
    expect(await readText(channel)).toBe("hello");
    const refused = await failure(forwardOut(client, "db", 5432));
    expect(refused).toMatchObject({ message: "(SSH) Channel open failure: the database sleeps", reason: 1 });
    expect(requests[1]).toEqual(["alice", { host: "db", port: 5432, originHost: "10.0.0.1", originPort: 1234 }]);
  });

  it("may be served by a handler, whose stream ends on both sides", async () => {
    const bench = await forwarding({
      permitOpen: () => ({ serve: (stream) => void readText(stream).then((text) => stream.end(`received ${text}`)) }),
    });
    const client = await rawClient(bench);
    for (let round = 0; round < 3; round++) {
      const channel = await forwardOut(client, "any name at all", 1);
      channel.end("this");
      expect(await readText(channel)).toBe("received this");
    }
  });

  it("is refused if the rule fails or times out, or its handler throws, and others are not affected", async () => {
    const port = await startEcho();
    const bench = await forwarding({
      timeout: 1000,
      permitOpen: ({ host }) => {
        if (host === "throws") throw new Error("broken rule");
        if (host === "rejects") return Promise.reject(new Error("broken promise"));
        if (host === "hangs") return new Promise(() => {});
        if (host === "bad") {
          return {
            serve: () => {
              throw new Error("broken handler");
            },
          };
        }
        return true;
      },
    });
    const client = await rawClient(bench);
    for (const host of ["throws", "rejects", "hangs"]) {
      expect((await failure(forwardOut(client, host, 1))).message).toMatch(/Channel open failure/);
    }
    const reasons = bench.log.with("forwarding refused").map(({ fields }) => fields["reason"]);
    expect(reasons).toEqual([
      "permitOpen rule failed: broken rule",
      "permitOpen rule failed: broken promise",
      "permitOpen rule timed out after 1000 ms",
    ]);
    const bad = await forwardOut(client, "bad", 1);
    bad.resume();
    await once(bad, "close");
    const good = await forwardOut(client, "127.0.0.1", port);
    good.end("still here");
    expect(await readText(good)).toBe("still here");
  });

  it("is not opened if its client disconnects while the rule decides", async () => {
    let isServed = false;
    const visitors: unknown[] = [];
    const port = await startTcp((socket) => void visitors.push(socket));
    const decisions: ((answer: true | { serve: () => void }) => void)[] = [];
    const bench = await forwarding({
      permitOpen: () => new Promise<true | { serve: () => void }>((resolve) => void decisions.push(resolve)),
    });
    const client = await rawClient(bench);
    for (let count = 0; count < 2; count++) forwardOut(client, "127.0.0.1", port).catch(() => {});
    await expect.poll(() => decisions.length).toBe(2);
    client.destroy();
    await expect.poll(() => bench.listener.connections).toBe(0);
    decisions[0]?.(true);
    decisions[1]?.({
      serve: () => {
        isServed = true;
      },
    });
    await expect
      .poll(() => bench.log.with("forwarding refused").map(({ fields }) => fields["reason"]))
      .toEqual(["the client disconnected"]);
    connect(port, "127.0.0.1");
    await expect.poll(() => visitors.length).toBeGreaterThan(0);
    expect([visitors.length, isServed]).toEqual([1, false]);
  });

  it.each([
    ["a port over 65,535", "127.0.0.1", 65_536],
    ["port 0", "127.0.0.1", 0],
    ["an empty host", "", 80],
    ["a host with a zero byte", "127.0.0.1\0.evil", 80],
    ["a host of 256 bytes", "x".repeat(256), 80],
  ])("is refused for %s without calling the rule", async (_what, host, port) => {
    const requests: unknown[] = [];
    const bench = await forwarding({
      permitOpen: (request) => {
        requests.push(request);
        return { serve: (stream) => stream.end() };
      },
    });
    const client = await rawClient(bench);
    expect((await failure(forwardOut(client, host, port))).message).toMatch(/Channel open failure/);
    expect(requests).toEqual([]);
    await forwardOut(client, "x".repeat(255), 65_535);
    expect(requests).toMatchObject([{ host: "x".repeat(255), port: 65_535 }]);
  });

  it("is closed with its target, and its target with the client", async () => {
    const sockets: { destroy(): unknown; destroyed: boolean; resetAndDestroy(): unknown }[] = [];
    const port = await startTcp((socket) => void sockets.push(socket.resume()));
    const bench = await forwarding({ permitOpen: [`127.0.0.1:${port}`] });
    const client = await rawClient(bench);
    const first = await forwardOut(client, "127.0.0.1", port);
    await expect.poll(() => sockets.length).toBe(1);
    sockets[0]?.resetAndDestroy();
    first.resume();
    await once(first, "close");
    const second = await forwardOut(client, "127.0.0.1", port);
    await expect.poll(() => sockets.length).toBe(2);
    second.close();
    await expect.poll(() => sockets[1]?.destroyed).toBe(true);
    await forwardOut(client, "127.0.0.1", port);
    await expect.poll(() => sockets.length).toBe(3);
    client.destroy();
    await expect.poll(() => sockets[2]?.destroyed).toBe(true);
  });

  it("passes the end of each direction on while the other continues", async () => {
    const target = createServer({ allowHalfOpen: true }, (socket) => {
      void readText(socket).then((text) => socket.end(`received ${text}`));
    });
    onTestFinished(() => void target.close());
    await once(target.listen(0, "127.0.0.1"), "listening");
    const { port } = target.address() as AddressInfo;
    const bench = await forwarding({ permitOpen: [`127.0.0.1:${port}`] });
    const client = await rawClient(bench);
    const channel = await forwardOut(client, "127.0.0.1", port);
    channel.end("question");
    expect(await readText(channel)).toBe("received question");
  });

  it("delivers what its client sent before it disconnected, and then ends", async () => {
    let received = 0;
    let isClosed = false;
    const port = await startTcp((socket) => {
      // Slow, so that much is in flight when the client disconnects.
      socket.on("data", (chunk) => {
        received += chunk.length;
        socket.pause();
        setTimeout(() => socket.resume(), 5);
      });
      socket.on("close", () => {
        isClosed = true;
      });
    });
    const bench = await forwarding({ permitOpen: ["*:*"] });
    const client = await rawClient(bench);
    const channel = await forwardOut(client, "127.0.0.1", port);
    await new Promise<void>((resolve) => channel.end(Buffer.alloc(1_500_000), resolve));
    client.end();
    await expect.poll(() => isClosed).toBe(true);
    expect(received).toBe(1_500_000);
  });

  it("delivers what its target has no room for until the client has disconnected", async () => {
    // The buffers of a unix socket hold less than the window of a channel, unlike those of TCP.
    const sockets: Socket[] = [];
    let received = 0;
    const target = createServer((socket) => void sockets.push(socket.pause()));
    onTestFinished(() => void target.close());
    const bench = await forwarding({ permitOpenUnix: () => true });
    const path = join(bench.directory, "target");
    await once(target.listen(path), "listening");
    const client = await rawClient(bench);
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.openssh_forwardOutStreamLocal(path, (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    await new Promise<void>((resolve) => channel.end(Buffer.alloc(1_500_000), resolve));
    client.end();
    await expect.poll(() => bench.listener.connections).toBe(0);
    const [socket] = sockets as [Socket];
    socket.on("data", (chunk) => {
      received += chunk.length;
    });
    await once(socket.resume(), "close");
    expect(received).toBe(1_500_000);
  });

  it("is refused beyond maxForwarded, until another has ended", async () => {
    const port = await startEcho();
    const bench = await forwarding({ permitOpen: ["*:*"], maxForwarded: 2 });
    const client = await rawClient(bench);
    const channels = [await forwardOut(client, "127.0.0.1", port), await forwardOut(client, "127.0.0.1", port)];
    const refused = await failure(forwardOut(client, "127.0.0.1", port));
    expect(refused).toMatchObject({ message: expect.stringContaining("too many"), reason: 4 });
    channels[0]?.resume().end();
    await once(channels[0] as ssh2.ClientChannel, "close");
    await expect
      .poll(() =>
        forwardOut(client, "127.0.0.1", port).then(
          () => "open",
          () => "refused",
        ),
      )
      .toBe("open");
  });

  it("applies backpressure to its target while its client does not read", async () => {
    let sent = 0;
    const port = await startTcp((socket) => {
      const write = (): void => {
        let room = true;
        for (; room && sent < 100_000_000; sent += 100_000) room = socket.write(Buffer.alloc(100_000));
        if (sent < 100_000_000) socket.once("drain", write);
      };
      write();
    });
    const bench = await forwarding({ permitOpen: ["*:*"] });
    await forwardOut(await rawClient(bench), "127.0.0.1", port);
    await expect.poll(() => sent).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(30_000_000);
  });
});

describe("a listener that a client requests", () => {
  it("listens on loopback without gatewayPorts, and closes with its connection", async () => {
    const bench = await forwarding({ permitListen: ["*"] });
    const client = await rawClient(bench);
    client.on("tcp connection", (info, accept) => void accept().end(`from ${info.destIP}`));
    const port = await forwardIn(client, "0.0.0.0", 0);
    const socket = connect(port, "127.0.0.1");
    expect(await readText(socket)).toBe("from 0.0.0.0");
    client.destroy();
    await expect
      .poll(async () => (await closed(connect(port, "127.0.0.1"))) as NodeJS.ErrnoException | undefined)
      .toMatchObject({ code: "ECONNREFUSED" });
  });

  // 127.0.0.2 reaches a listener on all addresses, and not one on 127.0.0.1.
  it.skipIf(process.platform !== "linux").each(["0.0.0.0", "", "*", "127.0.0.2"])(
    "on %j is reachable by another address only with gatewayPorts",
    async (host) => {
      for (const gatewayPorts of [undefined, false, true]) {
        const bench = await forwarding({ permitListen: ["*"], ...(gatewayPorts !== undefined && { gatewayPorts }) });
        const client = await rawClient(bench);
        client.on("tcp connection", (_info, accept) => void accept().end("reached"));
        const socket = connect(await forwardIn(client, host, 0), "127.0.0.2");
        if (gatewayPorts) expect(await readText(socket)).toBe("reached");
        else expect(await closed(socket.resume())).toMatchObject({ code: "ECONNREFUSED" });
      }
    },
  );

  it.each([
    ["a port over 65,535", "127.0.0.1", 65_536],
    ["a host of 256 bytes", "x".repeat(256), 0],
    ["a host with a zero byte", "127.0.0.1\0.evil", 0],
  ])("is refused for %s without calling the rule", async (_what, host, port) => {
    const requests: unknown[] = [];
    const bench = await forwarding({
      permitListen: (request) => {
        requests.push(request);
        return { listen: async () => ({ close() {} }) };
      },
    });
    const client = await rawClient(bench);
    expect((await failure(forwardIn(client, host, port))).message).toMatch(/Unable to bind/);
    expect(requests).toEqual([]);
    await forwardIn(client, "x".repeat(255), 65_535);
    expect(requests).toEqual([{ host: "x".repeat(255), port: 65_535 }]);
  });

  it("can be cancelled and requested again", async () => {
    const bench = await forwarding({ permitListen: ["*"], maxListeners: 1 });
    const client = await rawClient(bench);
    const port = await freePort();
    for (let round = 0; round < 3; round++) {
      expect(await forwardIn(client, "127.0.0.1", port)).toBe(port);
      expect((await failure(forwardIn(client, "127.0.0.1", 0))).message).toMatch(/Unable to bind/);
      await new Promise<void>((resolve, reject) =>
        client.unforwardIn("127.0.0.1", port, (error?: Error | null) => (error ? reject(error) : resolve())),
      );
    }
    const unknown = new Promise((_resolve, reject) => client.unforwardIn("127.0.0.1", 1, reject));
    expect((await failure(unknown)).message).toMatch(/Unable to unbind/);
  });

  it("refuses connections once its key does not permit it any more", async () => {
    const bench = await forwarding({ permitListen: ["*"] });
    const client = await rawClient(bench);
    client.on("tcp connection", (_info, accept) => void accept().end("hello"));
    const port = await forwardIn(client, "127.0.0.1", 0);
    const visit = async () => readText(connect(port, "127.0.0.1")).catch(() => "nothing");
    for (const [options, answer] of [
      ['permitlisten="127.0.0.1:0"', "hello"],
      ["restrict", ""],
      ["restrict,port-forwarding", "hello"],
      ['permitlisten="127.0.0.1:1"', ""],
    ] as const) {
      write(bench.directory, "authorized_keys", `${options} ${bench.alice.line}\n`);
      await expect.poll(visit).toBe(answer);
    }
    expect(bench.log.with("forwarding refused").at(-1)?.fields["reason"]).toBe(
      "the key does not permit listening there any more",
    );
  });

  it("may be created by the rule, and is closed once when it is cancelled or a duplicate", async () => {
    const log: string[] = [];
    let both = (): void => undefined;
    // The second request arrives while the first one is being decided.
    const bothRequested = new Promise<void>((resolve) => {
      both = resolve;
    });
    const bench = await forwarding({
      permitListen: ({ port }) => ({
        listen: async () => {
          log.push(`open ${port}`);
          if (log.length === 2) both();
          await bothRequested;
          return { port: 4242, close: () => void log.push(`close ${port}`) };
        },
      }),
    });
    const client = await rawClient(bench);
    const twice = await Promise.allSettled([forwardIn(client, "any", 99), forwardIn(client, "any", 99)]);
    expect(twice.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await forwardIn(client, "any", 0)).toBe(4242);
    for (const port of [99, 4242]) {
      await new Promise<void>((resolve, reject) =>
        client.unforwardIn("any", port, (error?: Error | null) => (error ? reject(error) : resolve())),
      );
    }
    client.end();
    await expect.poll(() => log).toEqual(["open 99", "open 99", "close 99", "open 0", "close 99", "close 0"]);
  });

  it("is refused for a port in use, an invalid port, and a path that is not normalized", async () => {
    const taken = await startEcho();
    const bench = await forwarding({ permitListen: () => true, permitListenUnix: () => true });
    const client = await rawClient(bench);
    for (const port of [taken, 70_000]) {
      expect((await failure(forwardIn(client, "127.0.0.1", port))).message).toMatch(/Unable to bind/);
    }
    const { directory } = bench;
    for (const path of ["relative", `${directory}/a/../b`, `${directory}/\0`, `${directory}/${"x".repeat(200)}`, ""]) {
      expect((await failure(forwardInUnix(client, path))).message).toMatch(/Unable to bind/);
    }
    // An existing file is not removed.
    expect((await failure(forwardInUnix(client, bench.authorizedKeys))).message).toMatch(/Unable to bind/);
    expect(existsSync(bench.authorizedKeys)).toBe(true);
    await forwardInUnix(client, join(directory, "fine"));
  });

  it("closes connections whose channel its client does not open in time", async () => {
    const bench = await forwarding({ permitListen: ["*"], timeout: 100 });
    const client = await rawClient(bench);
    client.on("tcp connection", () => {});
    const port = await forwardIn(client, "127.0.0.1", 0);
    await closed(connect(port, "127.0.0.1").resume());
    expect(bench.log.with("forwarding refused")[0]?.fields["reason"]).toMatch(/within 100 ms/);
  });
});

describe("forwarding options", () => {
  it.each<[Forwarding, string]>([
    [{ permitOpen: ["db"] }, 'option forwarding.permitOpen: "db" is not host:port'],
    [{ permitListen: ["x:y"] }, 'option forwarding.permitListen: "x:y"'],
    [{ permitOpenUnix: ["run/x"] }, 'option forwarding.permitOpenUnix: invalid path "run/x"'],
    [{ permitListenUnix: ["/a/../b"] }, 'option forwarding.permitListenUnix: invalid path "/a/../b"'],
    [{ maxForwarded: 0 }, "option forwarding.maxForwarded: 0 is not an integer from "],
    [{ timeout: -1 }, "option forwarding.timeout: -1 is not an integer from "],
  ])("prevent the start when they are invalid: %j", async (rules, message) => {
    expect((await failure(forwarding(rules))).message).toContain(message);
  });
});
