import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** Which lines of the log to stream. */
export const Follow = Type.Object({
  /** Follows the log: streams new lines as they are written. Default: the stream ends with the log. */
  follow: Type.Optional(Type.Boolean()),
  /** The number of existing lines to stream first, counted from the end. Default: all. */
  lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
});

/** One logged request. */
export const Hit = Type.Object({
  /** The client: an address or a host name. */
  host: Type.String(),
  /** The time, such as `2026-01-31T12:00:00+01:00`. */
  time: Type.String({ format: "date-time" }),
  /** The HTTP method, such as `GET`. */
  method: Type.String(),
  /** The requested resource, such as `/index.html`. */
  resource: Type.String(),
  /** The HTTP status, such as 200. */
  status: Type.Integer(),
  /** The size of the response in bytes, if logged. */
  bytes: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  /** The referring page, if logged. */
  referrer: Type.Union([Type.String(), Type.Null()]),
  /** The user agent, if logged. */
  agent: Type.Union([Type.String(), Type.Null()]),
});

/** A server-streaming method. */
export const weblog = defineResources({
  /** The log of a web server. */
  weblog: {
    /** Streams the lines of the log, and new lines as they are written. */
    GET: { request: Follow, responseStream: Hit },
  },
});
