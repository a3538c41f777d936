/** `sshrpc/nats`: what servers share over NATS, through `@nats-io/transport-node`, `@nats-io/jetstream` and `@nats-io/kv`. */
export { connectNats, type NatsOptions, type NatsTls } from "./nats/connect.js";
export { type NatsKeyFiles, type NatsKeyFilesOptions, natsKeyFiles } from "./nats/key-files.js";
export { type NatsLedgerOptions, natsLedger } from "./nats/ledger/open-ledger.js";
export {
  type NatsLinkOptions,
  type NatsSockets,
  type NatsSocketsOptions,
  natsSock,
  natsSockets,
} from "./nats/link/nats-sockets.js";
export type { Ledger } from "./server/ledger/ledger.js";
