import type { Observer } from "./observer.js";

type Event = keyof Observer;

/** For each event that has a receiver at times, whether it has one now. */
type ReceiverChecks = { readonly [Name in Event]?: () => boolean };

const CHECKS = new WeakMap<Observer, ReceiverChecks>();

/** Marks an observer whose methods are getters, which return undefined while nothing receives the event; returns it. */
export function liveObserver(observer: Observer, checks: ReceiverChecks): Observer {
  CHECKS.set(observer, checks);
  return observer;
}

/** The events of an observer that have a receiver at times. */
export function checksOf(observer: Observer): ReceiverChecks {
  return CHECKS.get(observer) ?? {};
}

/**
 * Returns the function that says whether any of the events has a receiver now, or undefined if none ever has. It is cheaper than the
 * getters: it is for what happens at each call.
 */
export function receiverCheck(observer: Observer, events: readonly Event[]): (() => boolean) | undefined {
  const checks = checksOf(observer);
  if (events.some((event) => checks[event] === undefined && observer[event] !== undefined)) return () => true;
  const [first, second = first, ...others] = events.flatMap((event) => checks[event] ?? []);
  if (first === undefined || second === undefined) return undefined;
  if (others.length === 0) return () => first() || second();
  return () => first() || second() || others.some((check) => check());
}
