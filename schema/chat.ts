import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** What somebody says. */
export const Line = Type.Object({
  /** Who says it. The server fills it in, so that nobody speaks for somebody else; what it says itself has none. */
  from: Type.Optional(Type.String()),
  text: Type.String({ minLength: 1, maxLength: 2_000 }),
});

/** Streams in both directions, each at its own pace. */
export const chat = defineResources({
  /** One room for everybody. */
  chat: {
    /** Takes what the caller says, and sends what everybody says, the caller included, until that one has no more to say. */
    UPDATE: { requestStream: Line, responseStream: Line },
  },
});
