import { Bytes, defineApi } from "sshrpc/schema";
import Type from "typebox";

/** Nothing at all. */
export const Empty = Type.Object({});

/** What a call of `outcome` shall end with. */
export const Outcome = Type.Object({
  status: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.Unknown()),
});

/** Metadata as it arrived: each name with its values. */
export const Headers = Type.Array(Type.Object({ name: Type.String(), values: Type.Array(Type.String()) }));

/** Why a call was aborted. */
export const Waited = Type.Object({ reason: Type.String() });

/** An item of a stream. */
export const Item = Type.Object({ text: Type.String() });

const Pairs = Type.Optional(Type.Array(Type.Object({ name: Type.String(), value: Type.String() })));

/** What the handler of a `run` shall do, in this order. */
export const Script = Type.Object({
  /** By which the test finds it again. */
  name: Type.String(),
  headers: Pairs,
  trailers: Pairs,
  /** How many items it takes before it goes on. Default: all. */
  take: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Sends each item back that it takes. */
  echo: Type.Optional(Type.Boolean()),
  /** Sends an item of each of these sizes. */
  sizes: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }))),
  /** Sends items of this size without end. */
  endless: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Sends this as an item, regardless of the contract. */
  wrong: Type.Optional(Type.Unknown()),
  /** Waits until it is aborted. */
  wait: Type.Optional(Type.Boolean()),
  /** Fails. */
  status: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  details: Type.Optional(Type.Unknown()),
});

/** What a handler has taken, and how many milliseconds it has left. */
export const Tally = Type.Object({
  received: Type.Integer(),
  bytes: Type.Integer(),
  left: Type.Optional(Type.Number()),
});

/** A call for each behaviour that a runtime owes its users. */
export default defineApi({
  name: "conformance",
  version: "1.0.0",
  resources: {
    empty: { GET: { response: Empty } },
    echo: { UPDATE: { request: Type.Object({ text: Type.String() }), response: Type.Object({ text: Type.String() }) } },
    payload: {
      STORE: {
        request: Type.Object({ body: Type.String(), size: Type.Integer({ minimum: 0 }) }),
        response: Type.Object({ received: Type.Integer(), body: Type.String() }),
      },
    },
    headers: { GET: { response: Headers } },
    outcome: { GET: { request: Outcome, response: Type.Null() } },
    /** Ends only when it is aborted. */
    wait: { GET: { request: Type.Object({ name: Type.String() }), response: Waited } },
    sleep: { GET: { request: Type.Object({ ms: Type.Integer() }), response: Type.Object({ left: Type.Number() }) } },
    item: {
      path: "/items/{id}",
      GET: {
        request: Type.Object({ id: Type.Integer() }),
        response: Type.Object({ id: Type.Integer() }),
        errors: { NOT_FOUND: Type.Object({ id: Type.Integer() }) },
      },
      DELETE: { request: Type.Object({ id: Type.Integer() }), response: Type.Null(), scope: "items:write" },
    },
    /** A method of every kind, with items that are JSON. */
    run: {
      DELETE: { request: Script, response: Tally },
      GET: { request: Script, responseStream: Item, response: Tally },
      STORE: { request: Script, requestStream: Item, response: Tally },
      UPDATE: { request: Script, requestStream: Item, responseStream: Item, response: Tally },
    },
    /** The same with raw bytes. */
    bytes: {
      GET: { request: Script, responseStream: Bytes, response: Tally },
      STORE: { request: Script, requestStream: Bytes, response: Tally },
      UPDATE: { request: Script, requestStream: Bytes, responseStream: Bytes, response: Tally },
    },
    /** Items whose positions are their numbers, from 1 to `last`. */
    feed: {
      GET: {
        request: Type.Object({ last: Type.Integer({ minimum: 0 }), size: Type.Optional(Type.Integer({ minimum: 0 })) }),
        responseStream: Item,
        response: Type.Object({ last: Type.Integer() }),
      },
    },
    secret: { GET: { response: Type.String(), scope: "secret:read" } },
    /** Answers what the contract does not allow: nothing, or something else. */
    wrong: { GET: { request: Type.Object({ with: Type.Unknown() }), response: Type.Object({ n: Type.Integer() }) } },
  },
});
