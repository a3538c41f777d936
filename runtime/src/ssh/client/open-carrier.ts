import type { Duplex } from "node:stream";
import { onAbort, withSignal } from "../../base/async/with-signal.js";
import { errorMessage } from "../../base/error-message.js";
import { formatHostPort } from "../../base/net/host-port.js";
import { SshError } from "../ssh-error.js";
import type { Carrier } from "../ssh2/channels/carrier.js";
import { runProxyCommand } from "./carrier/proxy-command.js";
import { connectSocks, parseProxy } from "./carrier/socks.js";
import type { PausableTimer } from "./pausable-timer.js";
import type { Hop } from "./route.js";

/**
 * Opens the stream to the first host of a route where that is not a TCP connection: the option `sock`, a SOCKS proxy, or the
 * ProxyCommand of ~/.ssh/config. Undefined for a TCP connection.
 * @throws SshError `unavailable` where it cannot be opened in time, `cancelled` where `signal` aborts
 */
export async function openCarrier(
  hop: Hop,
  timer: PausableTimer,
  signal: AbortSignal | undefined,
): Promise<Carrier | undefined> {
  const open = opener(hop);
  if (open === undefined) return undefined;
  const stop = new AbortController();
  const { host, port } = hop.target;
  timer.start(() =>
    stop.abort(
      new SshError(
        "unavailable",
        `no stream to ${formatHostPort(host, port)} within ${timer.total} ms (connectTimeout)`,
      ),
    ),
  );
  const cancel = (): void =>
    stop.abort(new SshError("cancelled", "the attempt to connect was cancelled", { cause: signal?.reason }));
  const removeAbort = signal === undefined ? () => undefined : onAbort(signal, cancel);
  try {
    return toCarrier(
      await withSignal(() => open(stop.signal), stop.signal, {
        onLate: (late) => void late.on("error", () => undefined).destroy(),
      }),
    );
  } catch (error) {
    if (error instanceof SshError) throw error;
    throw new SshError("unavailable", `the option sock failed: ${errorMessage(error)}`, { cause: error });
  } finally {
    removeAbort();
    timer.stop();
  }
}

function opener({ target, options, config }: Hop): ((signal: AbortSignal) => Duplex | Promise<Duplex>) | undefined {
  const { sock, proxy } = options;
  const { host, port } = target;
  if (sock !== undefined) return async (signal) => checkDuplex(await sock({ host, port, signal }));
  if (proxy !== undefined) return (signal) => connectSocks(parseProxy(proxy), target, signal);
  const { proxyCommand } = config;
  return proxyCommand === undefined ? undefined : () => runProxyCommand(proxyCommand);
}

/** A Duplex of any implementation. @throws TypeError for any other value of the option `sock` */
function checkDuplex(value: unknown): Duplex {
  if (typeof value === "object" && value !== null && "push" in value && "write" in value) return value as Duplex;
  throw new TypeError(`it returned ${value === null ? "null" : typeof value}, not a Duplex`);
}

/** Counts the bytes of a duplex that does not count them itself, as a TCP socket does. */
function toCarrier(duplex: Duplex): Carrier {
  if ("bytesRead" in duplex && "bytesWritten" in duplex) return duplex as Carrier;
  const counts = { bytesRead: 0, bytesWritten: 0 };
  const [push, write] = [duplex.push.bind(duplex), duplex.write.bind(duplex) as (...args: unknown[]) => boolean];
  duplex.push = (chunk: Buffer | null, ...rest) => {
    counts.bytesRead += chunk?.length ?? 0;
    return push(chunk, ...rest);
  };
  duplex.write = (chunk: Buffer, ...rest: unknown[]) => {
    counts.bytesWritten += chunk.length;
    return write(chunk, ...rest);
  };
  return Object.defineProperties(duplex, {
    bytesRead: { get: () => counts.bytesRead },
    bytesWritten: { get: () => counts.bytesWritten },
  }) as Carrier;
}
