import { Bytes, defineApi } from "sshrpc/schema";
import Type from "typebox";

/** A small value: 39 bytes of JSON. */
export const Item = Type.Object({ id: Type.Integer(), text: Type.String(), ok: Type.Boolean() });

/** One element of a list, of about 120 bytes. */
export const Person = Type.Object({
  id: Type.Integer({ minimum: 0 }),
  name: Type.String({ minLength: 1, maxLength: 100 }),
  email: Type.String({ maxLength: 200 }),
  score: Type.Number(),
  active: Type.Boolean(),
  tags: Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 }),
});

/** Many values. */
export const List = Type.Object({ people: Type.Array(Person) });

/** One long string. */
export const Text = Type.Object({ text: Type.String() });

const Count = Type.Object({ count: Type.Integer({ minimum: 0 }) });
const Size = Type.Object({ size: Type.Integer({ minimum: 0 }) });

/** What the benchmarks call: every method requires a scope. `echo.proto` of the peers has the same. */
export default defineApi({
  name: "bench",
  version: "1.0.0",
  resources: {
    item: { GET: { request: Item, response: Item, scope: "bench:call" } },
    list: { GET: { request: List, response: List, scope: "bench:call" } },
    text: { GET: { request: Text, response: Text, scope: "bench:call" } },
    items: {
      GET: { request: Count, responseStream: Item, scope: "bench:call" },
      STORE: { requestStream: Item, response: Count, scope: "bench:call" },
      UPDATE: { requestStream: Item, responseStream: Item, scope: "bench:call" },
    },
    bytes: {
      /** Without a size: a file, for stock ssh. */
      GET: { request: Type.Partial(Size), responseStream: Bytes, scope: "bench:call" },
      STORE: { requestStream: Bytes, response: Size, scope: "bench:call" },
    },
  },
});
