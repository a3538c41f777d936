// What a peer is. Each file of this folder is one: it exports `serve` and `connect`, which run in two processes. Files of shared/
// are used by several. A new peer is a file here, a line in PEERS, and its name in the cells that it shall run in.

/**
 * @typedef {object} Session one connection of the client
 * @property {Echo} echo unary calls that respond their request
 * @property {Items} [items] streams of small items
 * @property {Bytes} [bytes] raw bytes
 * @property {() => unknown} close
 *
 * @typedef {Record<"item" | "list" | "text", (value: any) => Promise<any>>} Echo
 *
 * @typedef {object} Items
 * @property {(count: number) => Promise<number>} down the server sends this many; resolves with how many arrived
 * @property {(count: number) => Promise<number>} up the client sends this many; resolves with how many the server received
 * @property {(count: number) => Promise<number>} both the server responds each one; resolves with how many came back
 *
 * @typedef {object} Bytes
 * @property {(size: number) => Promise<number>} down resolves with the number of bytes that arrived
 * @property {(size: number) => Promise<number>} up resolves with the number of bytes that the server received
 *
 * @typedef {object} Peer
 * @property {() => Promise<object>} serve starts the server in this process; resolves with the address for `connect`, as plain data
 * @property {(address: any, options: ConnectOptions) => Promise<Session>} connect opens one connection
 * @property {boolean} [runsPrograms] whether other programs do the work, so that the CPU time of the two processes says nothing
 *
 * @typedef {object} ConnectOptions
 * @property {string} [kex] the key exchange of SSH. Default: the first that both sides have
 * @property {number} [port] connects to this port in place of that of the address: a proxy in front of it
 */

/** The titles of the peers, by the names of their files. */
export const PEERS = {
  sshrpc: "sshrpc",
  tls: "limit: TLS",
  ssh2: "limit: ssh2",
  grpc: "grpc-js, TLS",
  connect: "connect-node, HTTP/2 TLS",
  "trpc-ws": "tRPC 11, WebSocket",
  jsonrpc: "vscode-jsonrpc, TCP",
  river: "river, WebSocket",
  capnweb: "capnweb, WebSocket",
  "trpc-http": "tRPC 11, HTTP",
  http2: "JSON over node:http2, TLS",
  "grpc-tunnel": "grpc-js through ssh -L",
  "ssh-sshrpc": "stock ssh to sshrpc",
  "ssh-sshd": "stock ssh to sshd",
};

/** Loads a peer. @returns {Promise<Peer>} */
export async function loadPeer(name) {
  return await import(`./${name}.js`);
}
