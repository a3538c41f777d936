import { Bytes, defineApi } from "sshrpc/schema";
import Type from "typebox";
import * as types from "./types.js";
import { address as home, Client, Person, Server } from "./types.js";

export { Person as Human } from "./types.js";

/** Names, and what is said of them. */
export default defineApi({
  name: "names-and-docs",
  version: "2.0.0-rc.1",
  reserved: ["persons", "/persons/{id}"],
  resources: {
    /** People, as resources have names of two words. */
    "people-list": {
      /** Lists them. */
      GET: { response: Type.Array(Person) },
      /**
       * Adds one.
       *
       * @deprecated Use the other.
       */
      STORE: { request: Person, response: types.WithHidden, deprecated: false },
      UPDATE: { request: home, response: home, deprecated: "The house is empty.", description: "Moves." },
      DELETE: { response: Type.Null(), deprecated: true },
    },
    /**
     * Replaced.
     *
     * @since 1.1.0
     * @deprecated Use the people list.
     */
    crowd: {
      reserved: ["STORE", "DELETE"],
      /** Lists it. */
      GET: { response: types.Crowd },
      UPDATE: { request: types.Crowd, response: Type.Null(), since: "1.2.0", deprecated: "It does not change." },
    },
    class: { description: "A reserved word.", GET: { request: Client, response: Server } },
    clients: {
      GET: {
        request: types.Promise,
        response: types.Record,
        errors: { CONFLICT: types.RpcError, BAD_REQUEST: types.Client },
      },
    },
    aResourceWithALongNameThatNeedsSeveralLinesWhereverItIsUsed: {
      UPDATE: {
        request: Type.Object({ text: Type.String() }),
        response: Type.Object({ text: Type.String() }),
        errors: { NOT_FOUND: Type.Object({ text: Type.String() }) },
      },
    },
    stream: {
      GET: { responseStream: types.Uint8Array, response: types.ServerStreamingHandler },
      STORE: { requestStream: Bytes, response: types.Callbacks },
    },
  },
  callbacks: {
    /** Served by the client. */
    "tail-log": {
      /**
       * Sends lines.
       *
       * @deprecated Follow them.
       */
      GET: { request: types.CallbackHandlers, responseStream: types.Uint8Array },
      UPDATE: { description: "Both ways.", requestStream: Bytes, responseStream: types.Client },
    },
  },
});
