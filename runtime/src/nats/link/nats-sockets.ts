import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { checkOptions, OptionError, type OptionTable } from "../../base/check-options.js";
import { errorMessage } from "../../base/error-message.js";
import { checkedOptions } from "../../contract/option-errors.js";
import { BusDuplex, type LinkLimits } from "./bus-duplex.js";

/** Bounds of links over NATS: options of {@link natsSockets} and {@link natsSock}. */
export interface NatsLinkOptions {
  /** Maximum bytes in flight in each direction of a link, not yet taken by the other end. Default: 1 MiB. */
  readonly window?: number;
  /** Milliseconds between messages that show that an end is there. Default: 1,000. */
  readonly heartbeat?: number;
  /** Milliseconds of silence of the other end, or of NATS, after which a link ends. Default: 5,000. */
  readonly silence?: number;
}

/** Options of {@link natsSockets}. */
export interface NatsSocketsOptions extends NatsLinkOptions {
  /** Maximum number of open links; further ones are refused. Default: 256. */
  readonly maxLinks?: number;
}

/** Delivers the connections of a server that come over NATS: for the option `sockets` of `serve`. The server closes it. */
export interface NatsSockets {
  open(receive: (socket: Socket) => void): Promise<{ readonly host: string; readonly port: number }>;
  close(): Promise<void>;
}

/** The defaults of links. */
const NATS_LINK_DEFAULTS = { window: 1024 * 1024, heartbeat: 1000, silence: 5000, maxLinks: 256 } as const;

const LINK_OPTIONS = { window: true, heartbeat: true, silence: true } satisfies OptionTable<NatsLinkOptions>;
const SOCKETS_OPTIONS = { ...LINK_OPTIONS, maxLinks: true } satisfies OptionTable<NatsSocketsOptions>;

/** Link ids are chosen by who dials; they are parts of subjects. */
const LINK_ID = /^[0-9a-f]{32}$/;

/**
 * Lets a server be reached over NATS under a name, without a port: `serve(handlers, { sockets: natsSockets(connection, "store-1"), … })`. Each link is an SSH
 * connection like one over TCP: NATS sees ciphertext, and neither end trusts it for identity. One server at a time may have a name.
 * All links are one source, without an address, for limits and penalties per source: restrict by permissions of NATS which programs may publish to
 * `sshrpc.link.>`, because failed logins of one of them block new links of all.
 * @throws RpcError BAD_REQUEST for an invalid option
 */
export function natsSockets(connection: NatsConnection, name: string, options: NatsSocketsOptions = {}): NatsSockets {
  const { subject, limits, maxLinks } = checkedOptions(() => {
    checkOptions(options, SOCKETS_OPTIONS);
    const most = checkNumber("maxLinks", options.maxLinks ?? NATS_LINK_DEFAULTS.maxLinks, 1);
    return { subject: subjectOf(name), limits: limitsOf(options), maxLinks: most };
  });
  const links = new Map<string, Duplex>();
  let requests: Subscription | undefined;
  const accept = (message: Msg, receive: (socket: Socket) => void): void => {
    const id = message.string();
    if (!LINK_ID.test(id) || links.has(id)) message.respond("refused: an invalid link");
    else if (links.size >= maxLinks) message.respond(`refused: ${maxLinks} links are open (maxLinks)`);
    else {
      const link = openLink(connection, { from: `${subject}.${id}.up`, to: `${subject}.${id}.down` }, limits);
      links.set(id, link);
      link.on("error", () => undefined).once("close", () => links.delete(id));
      message.respond("open");
      // The gate and ssh2 use of a socket what a Duplex has.
      receive(link as unknown as Socket);
    }
  };
  return {
    open: async (receive) => {
      requests = connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) accept(message, receive);
        },
      });
      // The server is reachable when NATS has the subscription.
      await connection.flush();
      return { host: name, port: 0 };
    },
    close: async () => {
      requests?.unsubscribe();
      await Promise.all([...links.values()].map((link) => new Promise((resolve) => link.once("close", resolve))));
    },
  };
}

/**
 * The way to a server with {@link natsSockets}, for the option `sock` of `connect`: each time that the client connects, it opens a link to the server with this
 * name. The client checks the server's host key and proves its own key as over TCP.
 * @throws RpcError BAD_REQUEST for an invalid option
 */
export function natsSock(
  connection: NatsConnection,
  name: string,
  options: NatsLinkOptions = {},
): () => Promise<Duplex> {
  const { subject, limits } = checkedOptions(() => {
    checkOptions(options, LINK_OPTIONS);
    return { subject: subjectOf(name), limits: limitsOf(options) };
  });
  return async () => {
    const id = randomBytes(16).toString("hex");
    const link = openLink(connection, { from: `${subject}.${id}.down`, to: `${subject}.${id}.up` }, limits);
    try {
      const answer = await connection.request(subject, id, { timeout: limits.silence });
      if (answer.string() !== "open") throw new Error(answer.string().slice(0, 200));
      return link;
    } catch (error) {
      link.on("error", () => undefined).destroy();
      throw new Error(`no link over NATS to "${name}": ${errorMessage(error)}`, { cause: error });
    }
  };
}

function openLink(connection: NatsConnection, subjects: { from: string; to: string }, limits: LinkLimits): BusDuplex {
  const link = new BusDuplex(
    {
      maxMessage: connection.info?.max_payload ?? 64 * 1024,
      send: (message) => {
        if (!connection.isClosed()) connection.publish(subjects.to, message);
      },
      close: () => subscription.unsubscribe(),
    },
    limits,
  );
  const subscription = connection.subscribe(subjects.from, {
    callback: (error, message) => {
      if (error === null) link.receive(message.data);
      else link.destroy(error);
    },
  });
  return link;
}

function limitsOf(options: NatsLinkOptions): LinkLimits {
  const { window, heartbeat, silence } = { ...NATS_LINK_DEFAULTS, ...options };
  return {
    window: checkNumber("window", window, 64 * 1024),
    heartbeat: checkNumber("heartbeat", heartbeat, 1, MAX_TIMEOUT),
    silence: checkNumber("silence", silence, heartbeat, MAX_TIMEOUT),
  };
}

function subjectOf(name: string): string {
  if (!/^[\w-]{1,64}$/.test(name))
    throw new OptionError("the name of a server on NATS: not 1 to 64 letters, digits, - or _");
  return `sshrpc.link.${name}`;
}
