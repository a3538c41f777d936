import { onRejected } from "../async/on-rejected.js";
import { OptionError } from "../check-options.js";
import type { Logger } from "../log.js";
import { nearest } from "../nearest.js";
import { printable } from "../printable.js";
import { wrongType } from "../wrong-type.js";
import { combinePropagation } from "./combine-propagation.js";
import { checksOf, liveObserver } from "./live-observer.js";
import type { Observer } from "./observer.js";
import type { Propagation } from "./propagation.js";

/** All events, and the members that propagate contexts; the compiler checks that none is missing. */
// biome-ignore format: one name a line would be long.
const EVENTS = Object.keys({
  connectionAdmitted: 1, connectionRefused: 1, refusalsOmitted: 1, connectionOpened: 1, connectionClosed: 1,
  rekeyed: 1, authenticationRefused: 1, partiallyAuthenticated: 1, passwordChangeRequested: 1, authenticated: 1,
  scopesChanged: 1, reauthorizationFailed: 1, accessRevoked: 1, connectionDenied: 1, connectionKicked: 1, sessionOpened: 1, sessionRefused: 1,
  sessionClosed: 1, forwardOpened: 1, forwardRefused: 1, forwardClosed: 1, listenerOpened: 1, keysReloaded: 1,
  auditLinesLost: 1, serverStarted: 1, serverEnded: 1, configurationReloaded: 1, drainStarted: 1, drainEnded: 1, contractDrift: 1, callStarted: 1, callEnded: 1, handlerStuck: 1, callRetried: 1, connectFailed: 1, diagnostic: 1,
  injectHeaders: 1, runCall: 1,
} satisfies Record<keyof Observer, 1>) as readonly (keyof Observer)[];

/** The results of {@link combineObservers}: their methods do not throw. */
const COMBINED = new WeakSet<object>();

type Receivers = Partial<Record<keyof Observer, (event: unknown) => unknown>>;

/**
 * One observer that passes each event to all of `observers`. It has only the methods that at least one of them has, so
 * events without a receiver are not created. With a `liveObserver`, that may change while it is used.
 * @param log receives the exceptions and rejections of their methods, with `message`
 * @throws OptionError if one is not an object, or has an unknown method
 */
export function combineObservers(
  observers: Observer | readonly Observer[] = [],
  log: Pick<Logger, "error">,
  message = "an observer failed",
): Observer {
  const list = [observers].flat().filter((observer) => observer !== null) as unknown as readonly Receivers[];
  for (const observer of list) checkObserver(observer);
  const combined: Receivers = {};
  const failureOf =
    (event: string) =>
    (error: unknown): void => {
      try {
        log.error({ err: error, event }, message);
      } catch {} // A failing logger must not affect the server.
    };
  const checks: { [Name in keyof Observer]?: () => boolean } = {};
  for (const event of EVENTS) {
    const checkOf = (observer: Receivers): (() => boolean) | undefined => checksOf(observer as Observer)[event];
    const sometimes = list.filter((observer) => checkOf(observer) !== undefined);
    const always = list.filter((observer) => checkOf(observer) === undefined && typeof observer[event] === "function");
    if (sometimes.length > 0) {
      const [first, ...others] = sometimes.flatMap((observer) => checkOf(observer) ?? []);
      const check =
        others.length === 0 && first !== undefined ? first : () => sometimes.some((one) => checkOf(one)?.());
      checks[event] = always.length > 0 ? () => true : check;
      Object.defineProperty(combined, event, {
        enumerable: true,
        get: getterOf(event, always, sometimes, failureOf(event)),
      });
      continue;
    }
    const receivers = always;
    const [first] = receivers;
    if (first === undefined) continue;
    if (receivers.length === 1 && COMBINED.has(first)) {
      combined[event] = first[event] as NonNullable<Receivers[typeof event]>;
      continue;
    }
    const failed = failureOf(event);
    if (event === "injectHeaders" || event === "runCall") {
      Object.assign(combined, combinePropagation(event, receivers as readonly Propagation[], failed));
      continue;
    }
    combined[event] = passTo(event, receivers, failed);
  }
  COMBINED.add(combined);
  return liveObserver(combined as Observer, checks);
}

/** Returns what passes an event on at present. @param sometimes those whose methods come and go */
function getterOf(
  event: keyof Observer,
  always: readonly Receivers[],
  sometimes: readonly Receivers[],
  failed: (error: unknown) => void,
): () => Receivers[keyof Observer] {
  const [only] = sometimes;
  if (only !== undefined && always.length === 0 && sometimes.length === 1 && COMBINED.has(only))
    return () => only[event];
  const without = always.length === 0 ? undefined : passTo(event, always, failed);
  const whole = passTo(event, [...always, ...sometimes], failed);
  return () => {
    for (const observer of sometimes) if (observer[event] !== undefined) return whole;
    return without;
  };
}

/** Passes an event to all of `receivers` that have its method then. */
function passTo(
  event: keyof Observer,
  receivers: readonly Receivers[],
  failed: (error: unknown) => void,
): (value: unknown) => void {
  return (value) => {
    for (const observer of receivers) {
      try {
        onRejected(observer[event]?.(value), failed);
      } catch (error) {
        failed(error);
      }
    }
  };
}

function checkObserver(observer: Receivers): void {
  if (typeof observer !== "object") {
    throw new OptionError(`option observer: ${wrongType(observer, "an object with methods, or a list of these")}`);
  }
  for (const event of EVENTS) {
    const method: unknown = observer[event];
    if (method !== undefined && typeof method !== "function") {
      throw new OptionError(`option observer.${event}: ${wrongType(method, "a function")}`);
    }
  }
  // An object of a class may have further methods.
  const prototype: unknown = Object.getPrototypeOf(observer);
  if (prototype !== Object.prototype && prototype !== null) return;
  const unknown = Object.keys(observer).find((name) => !(EVENTS as readonly string[]).includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, EVENTS);
  const hint = near === undefined ? "" : ` (did you mean "${near}"?)`;
  throw new OptionError(`option observer: unknown method "${printable(unknown, 60)}"${hint}`);
}

let lastCall = 0;

/** The number of the next call that is observed in this process, from 1 on; see `call` of CallEvent. */
export function nextCall(): number {
  lastCall += 1;
  return lastCall;
}
