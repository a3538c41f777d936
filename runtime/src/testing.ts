/** `sshrpc/testing`: a server and its client in one process, with no SSH between them. */
export { type InMemoryOptions, inMemory } from "./in-memory.js";
export { memoryTransport } from "./memory-transport.js";
