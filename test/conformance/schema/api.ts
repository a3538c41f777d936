import { defineApi } from "sshrpc/schema";
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
    secret: { GET: { response: Type.String(), scope: "secret:read" } },
    /** Answers what the contract does not allow: nothing, or something else. */
    wrong: { GET: { request: Type.Object({ with: Type.Unknown() }), response: Type.Object({ n: Type.Integer() }) } },
  },
});
