import { appendFileSync, readFileSync } from "node:fs";
import type { KeyAnswer } from "sshrpc/server";
import { expect, it } from "vitest";
import { closed, failure, makeKey, startBench, write } from "./support.js";

const soon = { timeout: 15_000 };

it("disconnects the peer of a removed key at once, and no other", async () => {
  const bench = await startBench();
  const bob = makeKey(bench.directory, "bob");
  appendFileSync(bench.authorizedKeys, `${bob.line} bob\n`);
  const [alice, other] = [await bench.dial(), await bench.dial({ identity: bob.file })];
  const ended = closed(alice);
  write(bench.directory, "authorized_keys", `${bob.line} bob\n`);
  await ended;
  expect(bench.log.with("access revoked").map(({ fields }) => fields["keyName"])).toEqual(["alice@laptop"]);
  other.write("still here");
  expect(String(await new Promise((resolve) => other.once("data", resolve)))).toBe("still here");
  expect(await failure(bench.dial())).toMatchObject({ status: "UNAUTHENTICATED" });
});

it("applies changed scopes and permissions to open connections", async () => {
  const bench = await startBench();
  await bench.dial();
  const peer = bench.accepted[0]?.peer;
  const rewrite = (options: string) =>
    write(bench.directory, "authorized_keys", `${options}${bench.alice.line} alice@laptop\n`);
  rewrite('scopes="time:*",no-port-forwarding ');
  await expect.poll(() => peer?.scopes, soon).toEqual(["time:*"]);
  expect(peer?.permissions).toMatchObject({ portForwarding: false });
  rewrite("");
  await expect.poll(() => peer?.scopes, soon).toEqual([]);
});

it("disconnects a peer whose key may now come from another address only", async () => {
  const bench = await startBench();
  const ended = closed(await bench.dial());
  const line = readFileSync(bench.authorizedKeys, "utf8");
  write(bench.directory, "authorized_keys", `from="192.0.2.0/24",${line}`);
  await ended;
  expect(bench.log.with("access revoked")[0]?.fields["reason"]).toMatch(/^the source address is not in from=/);
});

it("disconnects the peer of a removed key, and no other, where the change makes another line invalid", async () => {
  const bench = await startBench();
  const bob = makeKey(bench.directory, "bob");
  appendFileSync(bench.authorizedKeys, `${bob.line} bob\n`);
  const duplex = await bench.dial();
  const ended = closed(await bench.dial({ identity: bob.file }));
  write(bench.directory, "authorized_keys", `rubbish\n${bench.alice.line}\n`);
  await ended;
  await expect
    .poll(() => bench.log.lines.some(({ message }) => message.includes("keys:1: unknown option rubbish")), soon)
    .toBe(true);
  expect(duplex.destroyed).toBe(false);
  await bench.dial();
});

it("calls a function again on reauthorize(), and applies its answer", async () => {
  let answer: KeyAnswer = { scopes: ["a"] };
  const bench = await startBench({ authorizedKeys: async () => answer });
  const duplex = await bench.dial();
  const peer = bench.accepted[0]?.peer;
  answer = { scopes: ["b"] };
  expect(peer?.scopes).toEqual(["a"]);
  bench.listener.reauthorize();
  await expect.poll(() => peer?.scopes, soon).toEqual(["b"]);
  const ended = closed(duplex);
  answer = { deny: "dismissed" };
  bench.listener.reauthorize();
  await ended;
  expect(bench.log.with("access revoked")[0]?.fields["reason"]).toBe("dismissed");
});

it("keeps a connection open if the function fails on reauthorize()", async () => {
  let fail = false;
  const bench = await startBench({
    authorizedKeys: async () => {
      if (fail) throw new Error("the database is down");
      return { scopes: [] };
    },
  });
  const duplex = await bench.dial();
  fail = true;
  bench.listener.reauthorize();
  const message = "reauthorization failed; the peer keeps its access";
  await expect.poll(() => bench.log.with(message), soon).toHaveLength(1);
  expect(duplex.destroyed).toBe(false);
});

it("warns once of a granted scope that no method requires", async () => {
  const bench = await startBench({
    authorizedKeys: async () => ({ keyName: "k", scopes: ["*", "notse:read", "notes:*"] }),
    scopes: ["notes:read"],
  });
  await bench.dial();
  await bench.dial();
  const message = 'no method requires the scope "notse:read"; did you mean "notes:read"?';
  expect(bench.log.with(message).map(({ level, fields }) => [level, fields["keyName"]])).toEqual([["warn", "k"]]);
});

it("disconnects a peer whose key was removed during the login", async () => {
  let lookups = 0;
  const bench: { current?: Awaited<ReturnType<typeof startBench>> } = {};
  bench.current = await startBench({
    authorizedKeys: async () => {
      lookups++;
      // The first request is signed.
      if (lookups === 1) bench.current?.listener.reauthorize();
      return lookups > 1 ? undefined : { scopes: ["*"] };
    },
  });
  await bench.current.dial().catch(() => {});
  await expect.poll(() => bench.current?.log.with("access revoked").length, soon).toBe(1);
  await expect.poll(() => bench.current?.listener.connections, soon).toBe(0);
});
