/** `sshrpc/testing`: servers for tests, in memory or over SSH with temporary keys, and handlers that are partly implemented. */

export { duplexPair, memoryTransport } from "./base/memory-transport.js";
export { type InMemoryOptions, type InMemoryServer, inMemory } from "./compose/in-memory.js";
export { generateKeyPair, type KeyPair } from "./compose/key-pair.js";
export { type LoopbackOptions, type LoopbackServer, onLoopback } from "./compose/on-loopback.js";
export { type PartialHandlers, partialHandlers } from "./compose/partial-handlers.js";
