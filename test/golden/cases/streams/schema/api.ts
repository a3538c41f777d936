import { Bytes, defineApi } from "sshrpc/schema";
import Type from "typebox";

/** Which lines to send. */
export const Follow = Type.Object({ follow: Type.Optional(Type.Boolean()) });

/** One line of a log. */
export const Hit = Type.Object({ host: Type.String(), status: Type.Integer() });

export const FileRef = Type.Object({ name: Type.String() });

export const Checksum = Type.Object({ bytes: Type.Integer(), sha256: Type.String() });

export default defineApi({
  name: "streams",
  version: "1.0.0",
  resources: {
    weblog: {
      /** Sends hits as they come, and ends without a value. */
      GET: { request: Follow, responseStream: Hit, errors: { FORBIDDEN: Type.Null() } },
    },
    count: {
      /** Its items and its last value have no names of their own. */
      GET: {
        request: Type.Object({ to: Type.Integer() }),
        responseStream: Type.Object({ n: Type.Integer() }),
        response: Type.Object({ sum: Type.Integer() }),
      },
      STORE: { requestStream: Type.Number(), response: Type.Number() },
      /** Its items are open to callers and closed to handlers. */
      UPDATE: {
        requestStream: Type.Object({ add: Type.Integer() }),
        responseStream: Type.Object({
          /** So far. */
          sum: Type.Integer(),
        }),
      },
    },
    file: {
      path: "/files/{name}",
      GET: { request: FileRef, responseStream: Bytes, response: Checksum, errors: { NOT_FOUND: FileRef } },
      STORE: {
        request: FileRef,
        requestStream: Bytes,
        response: Checksum,
        errors: { CONFLICT: Type.Object({ expected: Type.String(), actual: Type.String() }) },
      },
      /** @deprecated a program of its own does this better */
      UPDATE: {
        request: FileRef,
        requestStream: Bytes,
        responseStream: Bytes,
        response: Type.Union([Checksum, Type.Null()]),
        errors: { NOT_FOUND: FileRef },
      },
    },
    tail: { GET: { responseStream: Bytes } },
    chat: { UPDATE: { requestStream: Hit, responseStream: Hit, errors: { CONFLICT: Type.String() } } },
  },
});
