import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** Which lines of the log to send. */
export const Follow = Type.Object({
  /** Goes on with new lines as they are written, until the caller leaves. Left out, the stream ends with the log. */
  follow: Type.Optional(Type.Boolean()),
  /** How many of the lines that are there already come first, counted from the end. Left out, it is all of them. */
  lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
});

/** One request that a web server has logged. */
export const Hit = Type.Object({
  /** Who asked: an address, or a name. */
  host: Type.String(),
  /** When, such as `2026-01-31T12:00:00+01:00`. */
  time: Type.String({ format: "date-time" }),
  /** Such as `GET`. */
  method: Type.String(),
  /** What was asked for, such as `/index.html`. */
  resource: Type.String(),
  /** What the web server answered, such as 200. */
  status: Type.Integer(),
  /** How much it sent, where the log says. */
  bytes: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  /** The page that led there, where the log says. */
  referrer: Type.Union([Type.String(), Type.Null()]),
  /** The program that asked, where the log says. */
  agent: Type.Union([Type.String(), Type.Null()]),
});

/** A stream of items: the handler sends, the caller reads. */
export const weblog = defineResources({
  /** The log of a web server. */
  weblog: {
    /** Sends what the log says, line by line, and new lines as they are written. */
    GET: { request: Follow, responseStream: Hit },
  },
});
