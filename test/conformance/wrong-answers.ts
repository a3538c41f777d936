import type { Duplex } from "node:stream";
import type { Transport } from "sshrpc/client";
import { generateKeyPair } from "sshrpc/testing";
import { afterEach, describe, expect, test } from "vitest";
import { memoryTransport } from "../../runtime/src/base/memory-transport.js";
import { sshTransport } from "../../runtime/src/compose/ssh-transport.js";
import { listen } from "../../runtime/src/ssh/server/listen.js";
import type { Frame } from "../../runtime/src/wire/encode.js";
import { FRAME } from "../../runtime/src/wire/frame.js";
import { RawPeer } from "../support/raw-peer.js";
import { subsystemHandler } from "../unit/runtime/ssh/support.js";
import { within } from "../unit/runtime/support/wait.js";
import { type ConformanceClient, connect } from "./generated/client.js";
import { KINDS, type Kind } from "./kinds.js";
import type { Matrix } from "./matrix.js";

interface Way {
  readonly transport: Transport;
  close(): Promise<void>;
}

/** Starts a server whose frames the test sends itself. */
type StartRaw = (accept: (duplex: Duplex) => void) => Promise<Way>;

export const rawInMemory: StartRaw = async (accept) => ({ transport: memoryTransport(accept), close: async () => {} });

export const rawOverSsh: StartRaw = async (accept) => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const hostKeys = { privateKey: host.privateKey };
  const listener = await listen({ port: 0, hostKeys, authorizedKeys: { lines: [alice.publicKey] } }, [
    subsystemHandler(accept),
  ]);
  const identity = { privateKey: alice.privateKey };
  const transport = sshTransport(`ssh://alice@127.0.0.1:${listener.port}`, {
    identity,
    hostKey: listener.fingerprints,
  });
  return { transport, close: () => listener.close() };
};

const TALLY = '{"received":0,"bytes":0}';
const status = (body: string): Frame => ({ kind: FRAME.STATUS, id: 1, code: 200, body });

/** The behavior of a client whose server sends too few frames, too many, or none. */
export function describeWrongAnswers(transport: string, start: StartRaw, matrix: Matrix): void {
  describe(`calls ${transport}, to a faulty server`, () => {
    let ends: (() => Promise<void>)[] = [];

    afterEach(async () => {
      for (const end of ends.reverse()) await within("the end", end());
      ends = [];
    });

    async function begin(): Promise<{ client: ConformanceClient; peer: RawPeer }> {
      const peers: RawPeer[] = [];
      const way = await start((duplex) => void peers.push(new RawPeer(duplex).hello([], { window: 1000 })));
      const client = await connect(way.transport, { reconnect: false, retries: 0 });
      ends.push(way.close, () => client.close());
      return { client, peer: peers[0] as RawPeer };
    }

    /** Answers the first call with these frames; returns its status. */
    async function answer(kind: Kind, frames: readonly Frame[]) {
      const { client, peer } = await begin();
      const { sizes, result } = kind.begin(client, { name: "it" }, []);
      await peer.next(FRAME.OPEN);
      if (frames.length === 0) peer.duplex.destroy();
      else peer.send(...frames);
      const taking = (async () => {
        for await (const _size of sizes);
      })().catch(() => undefined);
      const outcome = await within("the result", result);
      await within("the items", taking);
      return { client, peer, status: outcome.ok ? "OK" : outcome.error.status };
    }

    for (const kind of KINDS) {
      const item: Frame = { kind: FRAME.ITEM, id: 1, body: kind.bytes ? "x" : '{"text":"x"}' };
      matrix.expect("cardinality, answers", kind.name, transport);
      test(`cardinality, answers: ${kind.name} calls end with one status`, async () => {
        const none = await answer(kind, [status("")]);
        expect([none.status, none.client.state]).toEqual(["INTERNAL", "ready"]);
        const lost = await answer(kind, []);
        expect(lost.status).toBe("UNAVAILABLE");
        const twice = await answer(kind, [status(TALLY), status(TALLY)]);
        expect([twice.status, await twice.peer.reason()]).toEqual(["OK", "STATUS for call 1, which is not open"]);
        const after = await answer(kind, [status(TALLY), item]);
        expect([after.status, await after.peer.reason()]).toEqual(["OK", "ITEM for call 1, which is not open"]);
        if (!kind.down) {
          const extra = await answer(kind, [item, status(TALLY)]);
          const reason = "ITEM for call 1, which has no response stream";
          expect([extra.status, await extra.peer.reason()]).toEqual(["UNAVAILABLE", reason]);
        }
        matrix.passed("cardinality, answers", kind.name, transport);
      });
    }
  });
}
