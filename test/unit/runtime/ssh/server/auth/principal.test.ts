import { expect, it } from "vitest";
import { closed, failure, startBench, write } from "../../support.js";

const soon = { timeout: 15_000 };

/** The peer of alice's login with these options of her line in authorized_keys. */
async function login(options: string) {
  const bench = await startBench();
  write(bench.directory, "authorized_keys", `${options}${bench.alice.line} alice@laptop\n`);
  const duplex = await bench.dial();
  return { bench, duplex, peer: bench.accepted[0]?.peer };
}

it("proves no name with a plain key", async () => {
  const { peer } = await login("");
  expect(peer).toMatchObject({ user: "alice", principal: undefined });
});

it("proves the user name with a key that is bound to it, and denies other names", async () => {
  const { bench, peer } = await login('users="alice,al" ');
  expect(peer).toMatchObject({ user: "alice", principal: "alice" });
  expect(await failure(bench.dialAs("bob"))).toMatchObject({ status: "UNAUTHENTICATED" });
  expect(bench.log.with("authentication refused").map(({ fields }) => fields["reason"])).toEqual([
    expect.stringMatching(/^the user name is not in users="alice,al" \(.*authorized_keys:1\)$/),
  ]);
  await bench.dialAs("al");
  expect(bench.accepted[1]?.peer).toMatchObject({ user: "al", principal: "al" });
});

it("changes what an open connection has proven when its line changes, and closes one whose name is removed", async () => {
  const { bench, duplex, peer } = await login("");
  const ended = closed(duplex);
  write(bench.directory, "authorized_keys", `users="alice" ${bench.alice.line}\n`);
  await expect.poll(() => peer?.principal, soon).toBe("alice");
  write(bench.directory, "authorized_keys", `users="bob" ${bench.alice.line}\n`);
  await ended;
  expect(bench.log.with("access revoked")).toHaveLength(1);
});

it("uses the line that allows the user name, where a key has several", async () => {
  const bench = await startBench();
  const line = (user: string) => `users="${user}",scopes="${user}:*" ${bench.alice.line}\n`;
  write(bench.directory, "authorized_keys", line("bob") + line("alice"));
  await bench.dial();
  expect(bench.accepted[0]?.peer).toMatchObject({ principal: "alice", scopes: ["alice:*"] });
});

it("proves the name that a lookup function returns, and denies an empty one", async () => {
  const bench = await startBench({ authorizedKeys: () => ({ scopes: [], principal: "account-7" }) });
  await bench.dial();
  expect(bench.accepted[0]?.peer).toMatchObject({ user: "alice", principal: "account-7" });
  const wrong = await startBench({ authorizedKeys: () => ({ scopes: [], principal: "" }) });
  expect(await failure(wrong.dial())).toMatchObject({ status: "UNAUTHENTICATED" });
});

it("proves the user name with a password", async () => {
  const bench = await startBench({
    verifyPassword: ({ password }) => (password === "right" ? { scopes: [] } : undefined),
  });
  await bench.dial({ identity: [], password: "right" });
  expect(bench.accepted[0]?.peer).toMatchObject({ user: "alice", principal: "alice" });
});
