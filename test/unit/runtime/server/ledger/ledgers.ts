import { join } from "node:path";
import { connectNats, natsLedger } from "sshrpc/nats";
import type { InMemoryOptions } from "sshrpc/testing";
import { describe, onTestFinished } from "vitest";
import { describeWithNats, startNats } from "../../../../support/nats.js";
import { tempDir } from "../../ssh/support.js";

/** The option of a new ledger. */
type OpenLedger = () => Promise<Pick<InMemoryOptions, "ledger">>;

const inFile: OpenLedger = async () => ({ ledger: { file: join(tempDir(), "ledger") } });

const onNats: OpenLedger = async () => {
  const connection = await connectNats({ servers: (await startNats()).url });
  onTestFinished(() => connection.close());
  return { ledger: await natsLedger(connection) };
};

/** The same tests for each ledger that there is. */
export function describeLedgers(title: string, tests: (open: OpenLedger) => void): void {
  describe(`${title}, in memory,`, () => tests(async () => ({})));
  describe(`${title}, in a file,`, () => tests(inFile));
  describeWithNats(`${title}, on NATS,`, () => tests(onNats));
}
