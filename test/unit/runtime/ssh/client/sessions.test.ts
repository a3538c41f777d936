import { connectSsh } from "sshrpc/client";
import { expect, it, onTestFinished } from "vitest";
import { execHandler, startBench } from "../support.js";

it("keeps a command waiting for as long as another session of the connection is open", async () => {
  let end = (): void => {};
  const bench = await startBench({ maxChannels: 1 }, undefined, [
    execHandler(async (session, command) => {
      if (command === "first") {
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      }
      session.stream.write(command);
      await session.exit(0);
    }),
  ]);
  const { alice, knownHosts } = bench;
  const ssh = await connectSsh(bench.address, { identity: alice.file, agent: false, sshConfig: false, knownHosts });
  onTestFinished(() => ssh.close());
  const first = ssh.run("first");
  const second = ssh.run("second");
  // More attempts than a connection without another session gets.
  await expect.poll(() => bench.log.with("session refused").length).toBeGreaterThan(6);
  end();
  expect([(await first).stdout, (await second).stdout]).toEqual(["first", "second"]);
});
