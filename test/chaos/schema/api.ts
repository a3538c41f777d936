import { Bytes, defineApi } from "sshrpc/schema";
import Type from "typebox";

/** What identifies an intended effect: all calls with the same intent shall have one effect together. */
const Intent = Type.String({ minLength: 1, maxLength: 200 });

/** An intended effect, and how long the handler waits around it, so that faults meet every part of a call. */
export const Order = Type.Object({
  intent: Intent,
  /** Milliseconds before the effect. */
  before: Type.Integer({ minimum: 0, maximum: 10_000 }),
  /** Milliseconds between the effect and the response. */
  after: Type.Integer({ minimum: 0, maximum: 10_000 }),
  /** Characters of the response's padding, which makes the ledger grow. */
  padding: Type.Integer({ minimum: 0, maximum: 100_000 }),
});

/** Where the effect is in the log of effects. */
export const Done = Type.Object({ seq: Type.Integer(), padding: Type.String() });

/** An effect, as followers get it. */
export const Effect = Type.Object({ seq: Type.Integer(), method: Type.String(), intent: Intent });

const Name = Type.String({ pattern: "^[a-z0-9.-]{1,100}$" });

/** What the server has stored. */
export const Receipt = Type.Object({ size: Type.Integer(), sha256: Type.String() });

/** What the chaos test calls while connections are cut and processes killed. */
export default defineApi({
  name: "chaos",
  version: "1.0.0",
  resources: {
    /** The log of all effects. */
    effects: {
      /** Follows the log from its first effect. The position of an effect is its number. */
      GET: {
        responseStream: Effect,
        errors: { PRECONDITION_FAILED: Type.Object({ last: Type.Integer() }) },
      },
    },
    /** Each call appends: a second run of a call is visible. An interrupted call is never run again. */
    entries: { STORE: { request: Order, response: Done } },
    /** The handler commits effect and key together, so that it may be run again. */
    payments: { STORE: { onInterrupt: "run", request: Order, response: Done } },
    /** A register: idempotent by its revision. */
    setting: {
      path: "/settings/{name}",
      GET: { request: Type.Object({ name: Name }), response: Type.Object({ revision: Type.Integer() }) },
      UPDATE: {
        request: Type.Object({ name: Name, revision: Type.Integer({ minimum: 1 }), order: Order }),
        response: Type.Object({ revision: Type.Integer() }),
      },
    },
    upload: {
      path: "/uploads/{name}",
      STORE: {
        onInterrupt: "run",
        request: Type.Object({ name: Name, intent: Intent }),
        requestStream: Bytes,
        response: Receipt,
      },
    },
  },
});
