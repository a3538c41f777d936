import { type Command, InvalidArgumentError } from "commander";
import ms from "ms";
import { printable } from "../base/printable.js";
import { VERSION } from "../base/version.js";
import { type Pinged, pingServer } from "../client/ping-server.js";
import { RpcError } from "../contract/rpc-error.js";
import { durationFrom } from "./shared/arguments.js";
import { addLoginOptions, findServer } from "./shared/call-server.js";
import { CallFailure } from "./shared/failure.js";
import type { CliIo } from "./shared/io.js";
import type { Output } from "./shared/output.js";

interface PingFlags {
  readonly count: number;
  readonly timeout?: number;
  readonly jump?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
  readonly json?: boolean;
}

/** The default of `--timeout`, in milliseconds. */
const TIMEOUT = 30_000;

/** The largest `--count`: a server limits the requests of a connection (`maxRefusals`). */
const MAX_COUNT = 500;

/**
 * `sshrpc ping ssh://user@host:port`: what a server answers with, and how fast. A call of a built-in method, which needs no scope, proves
 * that it answers calls; round trips are those of SSH.
 */
export function definePing(command: Command, io: CliIo, output: Output): void {
  command
    .argument("<address>", "server address: ssh://user@host:port")
    .option("--count <number>", `number of round trips, up to ${MAX_COUNT}`, parseCount, 10);
  addLoginOptions(command)
    .option("--timeout <duration>", `timeout of all of it together (default: ${ms(TIMEOUT)})`, durationFrom(1))
    .option("--json", "print one line of JSON, an error too")
    .action(async (address: string, flags: PingFlags) => {
      const { transport } = await findServer(address, { ...flags, via: "ssh2" }, io);
      try {
        const pinged = await pingServer(transport, {
          count: flags.count,
          timeout: flags.timeout ?? TIMEOUT,
          signal: output.signal,
        });
        await output.write(flags.json ? `${JSON.stringify(report(pinged))}\n` : describe(transport.address, pinged));
      } catch (error) {
        // The reader of the output has closed it.
        if (output.signal.aborted) return;
        throw error instanceof RpcError ? new CallFailure(error, flags.json ? "json" : "text") : error;
      }
    });
}

function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_COUNT) return count;
  throw new InvalidArgumentError(`Use a number from 1 to ${MAX_COUNT}.`);
}

/** The object of `--json`; times in milliseconds. */
function report({ connected, roundTrips, call, agent, api, algorithms }: Pinged) {
  const sorted = roundTrips.toSorted((a, b) => a - b);
  const average = roundTrips.reduce((sum, one) => sum + one, 0) / roundTrips.length;
  return {
    server: agent,
    client: `sshrpc/${VERSION}`,
    ...(api && { api: { name: api.name, version: api.version, hash: api.hash } }),
    connected: round(connected),
    call: round(call),
    roundTrips: {
      count: roundTrips.length,
      min: round(sorted[0] ?? 0),
      avg: round(average),
      p99: round(sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0),
      max: round(sorted.at(-1) ?? 0),
    },
    ...algorithms,
  };
}

const round = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

function describe(address: string, pinged: Pinged): string {
  const { server, client, api, connected, call, roundTrips, kex, serverHostKey, cipher } = report(pinged);
  const { count, min, avg, p99, max } = roundTrips;
  const rows = [
    ["address", address],
    ["server", server],
    ["client", client],
    ["contract", api === undefined ? "none" : `${api.name} ${api.version}, ${api.hash}`],
    ["connected", `in ${connected} ms`],
    ["call", `in ${call} ms`],
    ["round trips", `${count}: min ${min} ms, avg ${avg} ms, p99 ${p99} ms, max ${max} ms`],
    ["key exchange", kex],
    ["host key", serverHostKey],
    ["cipher", cipher],
  ] as const;
  return rows.map(([name, value]) => `${name.padEnd(13)}${printable(value, 200)}\n`).join("");
}
