import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** One message. */
export const Line = Type.Object({
  /** The sender. The server sets it, so that no caller can impersonate another; the server's own messages have none. */
  from: Type.Optional(Type.String({ maxLength: 255 })),
  text: Type.String({ minLength: 1, maxLength: 2_000 }),
});

/** Streams in both directions, each at its own pace. */
export const chat = defineResources({
  /** One room for all callers. */
  chat: {
    // sshrpc-lint-ignore missing-scope: every key may chat
    /** Takes the caller's messages, and streams the messages of all callers, its own included, until its request stream ends. */
    UPDATE: { requestStream: Line, responseStream: Line },
  },
});
