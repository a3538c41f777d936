import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connectApi } from "sshrpc/generated";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { apiOf, handlersOf, type ItClient, method } from "../../support/server.js";
import { within } from "../../support/wait.js";

const IT = method("GET /it");
const API = apiOf(IT);

/** A connection whose write number `at` fails at once, as one to a peer that has reset it. */
class FailingWrites extends Duplex {
  readonly #socket: Socket;
  readonly #at: number;
  #writes = 0;

  constructor(socket: Socket, at: number) {
    super();
    this.#socket = socket;
    this.#at = at;
    socket.on("data", (chunk: Buffer) => this.push(chunk)).on("end", () => this.push(null));
    socket.on("error", () => this.destroy()).on("close", () => this.destroy());
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (++this.#writes === this.#at) done(Object.assign(new Error("write ECONNRESET"), { code: "ECONNRESET" }));
    else this.#socket.write(chunk, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

test("a connection that is reset at any of its first writes fails the attempt or the call, and never the process", async () => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const server = await serveHandlers(handlersOf([IT], { [IT.id]: () => "here" }), {
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`${alice.publicKey} alice`] },
    log: false,
  });
  onTestFinished(() => server.close());
  const outcomes: string[] = [];
  for (let at = 1; outcomes.at(-1) !== "here"; at++) {
    const attempt = async (): Promise<string> => {
      await using client = await connectApi<ItClient>(API, `ssh://alice@127.0.0.1:${server.port}`, {
        identity: { privateKey: alice.privateKey },
        hostKey: server.fingerprints,
        agent: false,
        sshConfig: false,
        reconnect: false,
        sock: ({ host, port }) => new FailingWrites(connect(port, host), at),
      });
      return (await client.it.get({})) as string;
    };
    outcomes.push(
      await within(
        `the end of attempt ${at}`,
        attempt().catch(({ status }) => status as string),
      ),
    );
  }
  expect(new Set(outcomes)).toEqual(new Set(["UNAVAILABLE", "here"]));
});
