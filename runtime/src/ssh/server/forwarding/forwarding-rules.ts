import { isAbsolute, normalize } from "node:path";
import { checkNumber, MAX_TIMEOUT } from "../../../base/check-number.js";
import { OptionError } from "../../../base/check-options.js";
import { errorMessage } from "../../../base/error-message.js";
import type { Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import type {
  DirectAnswer,
  DirectStreamlocal,
  DirectTcpip,
  Forwarding,
  ForwardRule,
  ListenAnswer,
  StreamlocalForward,
  TcpipForward,
} from "./forwarding-options.js";
import { parseHostPortPattern, permitsListen, permitsOpen } from "./host-port-pattern.js";

/** The rules of forwarding: the checked options, narrowed by the permissions of each peer's key. */
export interface ForwardingRules {
  readonly openTcp: ForwardRule<DirectTcpip, DirectAnswer>;
  readonly openUnix: ForwardRule<DirectStreamlocal, DirectAnswer>;
  readonly listenTcp: ForwardRule<TcpipForward, ListenAnswer>;
  readonly listenUnix: ForwardRule<StreamlocalForward, ListenAnswer>;
  readonly gatewayPorts: boolean;
  readonly maxForwarded: number;
  readonly maxListeners: number;
  readonly timeout: number;
}

/** The longest path of a unix socket that all systems accept, in bytes. */
const MAX_PATH = 103;

/** Checks the options. @throws OptionError with the option and its value */
export function forwardingRules(options: Forwarding = {}): ForwardingRules {
  const { permitOpen, permitOpenUnix, permitListen, permitListenUnix } = options;
  return {
    openTcp: narrowed(toTcpRule("permitOpen", permitOpen), ({ permissions }, { host, port }) =>
      allows("permitOpen", permissions?.permitOpen, host, port),
    ),
    openUnix: narrowed(toUnixRule("permitOpenUnix", permitOpenUnix)),
    listenTcp: narrowed(toTcpRule("permitListen", permitListen), mayListen),
    listenUnix: narrowed(toUnixRule("permitListenUnix", permitListenUnix)),
    gatewayPorts: options.gatewayPorts ?? false,
    maxForwarded: checkNumber("forwarding.maxForwarded", options.maxForwarded ?? 64, 1),
    maxListeners: checkNumber("forwarding.maxListeners", options.maxListeners ?? 8, 1),
    timeout: checkNumber("forwarding.timeout", options.timeout ?? 10_000, 1, MAX_TIMEOUT),
  };
}

/**
 * Whether the key of a peer permits a listener; without a request, one on a unix socket. The answer may change while the
 * listener is open.
 */
export function mayListen({ permissions }: Peer, request?: TcpipForward): boolean {
  if (permissions?.portForwarding === false) return false;
  return request === undefined || allows("permitListen", permissions?.permitListen, request.host, request.port);
}

type Kind = "permitOpen" | "permitListen";

/** Denies what the key of the peer forbids before `rule` is called. */
function narrowed<Request, Answer>(
  rule: ForwardRule<Request, Answer | false> | undefined,
  isPermitted: (peer: Peer, request: Request) => boolean = () => true,
): ForwardRule<Request, Answer | false> {
  return (request, peer) => {
    if (rule === undefined || peer.permissions?.portForwarding === false || !isPermitted(peer, request)) return false;
    return rule(request, peer);
  };
}

function toTcpRule<Request extends TcpipForward, Answer>(
  kind: Kind,
  rule: readonly string[] | ForwardRule<Request, Answer> | undefined,
): ForwardRule<Request, Answer | boolean> | undefined {
  if (rule === undefined || typeof rule === "function") return rule;
  const matches = toMatcher(kind, rule);
  return ({ host, port }) => matches(host, port);
}

/** Whether the list of a key permits a target; an absent list permits all, an invalid entry permits nothing. */
function allows(kind: Kind, list: readonly string[] | undefined, host: string, port: number): boolean {
  if (list === undefined) return true;
  return list.some((entry) => {
    try {
      return toMatcher(kind, [entry])(host, port);
    } catch {
      return false;
    }
  });
}

function toMatcher(kind: Kind, list: readonly string[]): (host: string, port: number) => boolean {
  const patterns = list.map((text) => {
    try {
      return parseHostPortPattern(text, { port: kind === "permitListen" });
    } catch (error) {
      throw new OptionError(`option forwarding.${kind}: ${errorMessage(error)}`);
    }
  });
  const matches = kind === "permitOpen" ? permitsOpen : permitsListen;
  return (host, port) => patterns.some((pattern) => matches(pattern, host, port));
}

function toUnixRule<Answer>(
  kind: string,
  rule: readonly string[] | ForwardRule<DirectStreamlocal, Answer> | undefined,
): ForwardRule<DirectStreamlocal, Answer | boolean> | undefined {
  if (rule === undefined || typeof rule === "function") return rule;
  for (const path of rule) {
    if (!isSocketPath(path)) {
      throw new OptionError(
        `option forwarding.${kind}: invalid path "${printable(String(path), 120)}"; it takes normalized absolute paths of at most ${MAX_PATH} bytes`,
      );
    }
  }
  return ({ path }) => rule.includes(path);
}

/** Whether a path is valid for a unix socket: absolute, normalized so that it can be compared, and short enough. */
export function isSocketPath(path: string): boolean {
  return isAbsolute(path) && normalize(path) === path && !path.includes("\0") && Buffer.byteLength(path) <= MAX_PATH;
}
