import type { Meter } from "@opentelemetry/api";
import type { Observer } from "../../base/observer/observer.js";
import { addressAttributes, methodAttributes, statusAttributes } from "./attributes.js";

/** The boundaries in seconds that the semantic conventions advise. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** From 64 bytes to 16 MiB. */
const BYTES = Array.from({ length: 10 }, (_, index) => 64 * 4 ** index);

const ITEMS = [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000];

type Side = "client" | "server";

/** The metrics of calls, connections and logins. Their attributes have bounded values: no keys, users or paths. */
export function instruments(meter: Meter): Observer {
  const sides = { client: callInstruments(meter, "client"), server: callInstruments(meter, "server") };
  const connections = meter.createUpDownCounter("sshrpc.connections", {
    description: "Open connections.",
    unit: "{connection}",
  });
  const logins = meter.createCounter("sshrpc.server.logins", {
    description: "Logins, and authentication requests that were refused.",
    unit: "{login}",
  });
  const refusals = meter.createCounter("sshrpc.server.connections.refused", {
    description: "Connections that were refused before a login, or beyond the limit of a key.",
    unit: "{connection}",
  });
  return {
    callStarted: (call) => sides[call.side].active.add(1, methodAttributes(call)),
    callEnded: (call) => {
      const { side, milliseconds, bytesIn, bytesOut, itemsIn, itemsOut } = call;
      const { active, duration, request, response, requestItems, responseItems } = sides[side];
      const method = methodAttributes(call);
      active.add(-1, method);
      const address = side === "client" ? addressAttributes("server", call.peer.address) : {};
      duration.record(milliseconds / 1000, { ...method, ...statusAttributes(call), ...address });
      const isServer = side === "server";
      request.record(isServer ? bytesIn : bytesOut, method);
      response.record(isServer ? bytesOut : bytesIn, method);
      requestItems.record(isServer ? itemsIn : itemsOut, method);
      responseItems.record(isServer ? itemsOut : itemsIn, method);
    },
    connectionOpened: () => connections.add(1),
    connectionClosed: () => connections.add(-1),
    connectionRefused: () => refusals.add(1),
    refusalsOmitted: ({ count }) => refusals.add(count),
    connectionDenied: () => refusals.add(1),
    authenticated: () => logins.add(1, { outcome: "accepted" }),
    authenticationRefused: () => logins.add(1, { outcome: "refused" }),
  };
}

function callInstruments(meter: Meter, side: Side) {
  const who = side === "server" ? "Incoming" : "Outgoing";
  const histogram = (name: string, unit: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, {
      unit,
      description: `${who} calls: ${description}`,
      advice: { explicitBucketBoundaries },
    });
  return {
    active: meter.createUpDownCounter(`sshrpc.${side}.active_calls`, {
      unit: "{call}",
      description: `${who} calls that run.`,
    }),
    duration: histogram(`rpc.${side}.call.duration`, "s", "duration.", SECONDS),
    request: histogram(`sshrpc.${side}.request.size`, "By", "bytes of the request and its items.", BYTES),
    response: histogram(`sshrpc.${side}.response.size`, "By", "bytes of the response and its items.", BYTES),
    requestItems: histogram(`sshrpc.${side}.request.items`, "{item}", "items of the request stream.", ITEMS),
    responseItems: histogram(`sshrpc.${side}.response.items`, "{item}", "items of the response stream.", ITEMS),
  };
}
