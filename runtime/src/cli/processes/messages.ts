import type { BoundAddress } from "../../ssh/server/socket-source.js";

// The messages between the primary process and those that serve, as objects on their IPC channels (structured clone).

/** To a process that serves. */
export type ToWorker =
  /** Beside the handle of a connection. */
  | { readonly type: "socket" }
  /** The sockets listen: the answer to `opening`, before connections. */
  | { readonly type: "address"; readonly address: BoundAddress }
  | { readonly type: "joined" | "left"; readonly worker: number }
  | { readonly type: "published"; readonly topic: string; readonly body: unknown; readonly from: number }
  | { readonly type: "ask"; readonly id: number; readonly topic: string; readonly body: unknown }
  | { readonly type: "answers"; readonly id: number; readonly answers: readonly unknown[] }
  | { readonly type: "reload" }
  /** The server ends; after a takeover without the delay of a shutdown. */
  | { readonly type: "close"; readonly reason: "primary" | "takeover" };

/** To the primary process. */
export type ToPrimary =
  /** It has loaded its handlers and keys, and waits for connections. */
  | { readonly type: "opening" }
  /** It serves; the text is for people. */
  | { readonly type: "ready"; readonly introduction: string }
  /** A connection has closed. */
  | { readonly type: "closed" }
  /** It takes no more connections. */
  | { readonly type: "stopped" }
  /** Beside the handle of a connection that came after {@link stopped}. */
  | { readonly type: "returned" }
  | { readonly type: "publish"; readonly topic: string; readonly body: unknown; readonly to?: number | undefined }
  | { readonly type: "asks"; readonly id: number; readonly topic: string; readonly body: unknown }
  | { readonly type: "answer"; readonly id: number; readonly value?: unknown; readonly failed?: true };
