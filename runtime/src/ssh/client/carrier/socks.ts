import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { onAbort } from "../../../base/async/with-signal.js";
import { errorMessage } from "../../../base/error-message.js";
import { formatHostPort } from "../../../base/net/host-port.js";
import { SshError } from "../../ssh-error.js";

/** A SOCKS 5 proxy. */
interface SocksProxy {
  readonly host: string;
  readonly port: number;
  readonly login?: { readonly user: string; readonly password: string };
}

const VERSION = 5;
const METHOD = { none: 0, password: 2 } as const;
const CONNECT = 1;
const DOMAIN = 3;
const DEFAULT_PORT = 1080;

/** The replies of RFC 1928, section 6. */
const REPLIES: Readonly<Record<number, string>> = {
  1: "general failure",
  2: "connection not allowed by its rules",
  3: "network unreachable",
  4: "host unreachable",
  5: "connection refused",
  6: "TTL expired",
  7: "command not supported",
  8: "address type not supported",
};

/** Parses `socks5://host:port` or `socks5://user:password@host:port`. @throws SshError `bad-request`, without the password */
export function parseProxy(text: string): SocksProxy {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSocks = url?.protocol === "socks5:" || url?.protocol === "socks5h:";
  if (url === undefined || !isSocks || url.hostname === "" || /^\/?$/.test(url.pathname) === false) {
    throw new SshError(
      "bad-request",
      "option proxy: invalid value; write socks5://host:port or socks5://user:password@host:port",
    );
  }
  const login = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  if (Math.max(Buffer.byteLength(login.user), Buffer.byteLength(login.password)) > 255) {
    throw new SshError("bad-request", "option proxy: user and password may have at most 255 bytes each");
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    ...(login.user !== "" && { login }),
  };
}

/**
 * Connects to a host through a SOCKS 5 proxy (RFC 1928, with the passwords of RFC 1929). The proxy resolves the name.
 * @throws SshError `unavailable` where the proxy cannot be reached or refuses
 */
export async function connectSocks(
  proxy: SocksProxy,
  to: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true, keepAlive: true });
  const removeAbort = onAbort(signal, () => void socket.destroy());
  try {
    await once(socket, "connect");
    await requestConnection(socket, proxy, to);
    return socket;
  } catch (error) {
    socket.on("error", () => undefined).destroy();
    const where = formatHostPort(proxy.host, proxy.port);
    throw new SshError("unavailable", `the SOCKS proxy ${where}: ${errorMessage(error)}`, { cause: error });
  } finally {
    removeAbort();
  }
}

async function requestConnection(
  socket: Socket,
  { login }: SocksProxy,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  const methods = login === undefined ? [METHOD.none] : [METHOD.none, METHOD.password];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await read(socket, 2);
  if (version !== VERSION) throw new Error("not a SOCKS 5 proxy");
  if (method === METHOD.password && login !== undefined) {
    socket.write(Buffer.concat([Buffer.from([1]), withLength(login.user), withLength(login.password)]));
    const [, status] = await read(socket, 2);
    if (status !== 0) throw new Error("it rejected the user or the password");
  } else if (method !== METHOD.none) throw new Error("it accepts no authentication method of this client");
  const name = host.replace(/%.*$/, "");
  const portBytes = Buffer.from([port >> 8, port & 255]);
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), address(name), portBytes]));
  const [, reply = 1, , type] = await read(socket, 4);
  if (reply !== 0)
    throw new Error(`cannot connect to ${formatHostPort(host, port)}: ${REPLIES[reply] ?? `reply ${reply}`}`);
  // The address that the proxy has bound, which is of no use here.
  const [size = 0] = type === DOMAIN ? await read(socket, 1) : [type === 4 ? 16 : 4];
  await read(socket, size + 2);
}

function address(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from([1, ...host.split(".").map(Number)]);
  return Buffer.concat([Buffer.from([DOMAIN]), withLength(host)]);
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Reads exactly `size` bytes, and leaves what follows. */
async function read(socket: Socket, size: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(size) as Buffer | null;
    if (bytes?.length === size) return bytes;
    if (bytes !== null || socket.readableEnded || socket.destroyed) throw new Error("it closed the connection");
    await Promise.race([once(socket, "readable"), once(socket, "close")]);
  }
}
