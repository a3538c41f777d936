import { setImmediate as immediate } from "node:timers/promises";
import type { Peer } from "../peer.js";

/** Milliseconds that a key may work in one turn of the event loop. */
export const SLICE = 4;

/** Milliseconds of recent work up to which a key need not wait for the slice of another one. */
const LIGHT = 100;

/** Bytes of work between two looks at the clock, and how many of them a step takes at least: a look costs as much as a small frame. */
const LOOK = 4096;

/**
 * Work that a key which works alone may do before it is measured, in bytes and in steps: the callback at the end of a turn costs more
 * than a look. Few steps, because each may begin a handler that takes milliseconds.
 */
const ALONE = { bytes: 16 * 1024, steps: 4 } as const;

/** Work that may begin in one turn of the event loop before its duration is known. */
const STARTS = 4;

const SMALLEST = 256;
/** A step whose bytes are unknown. */
const TYPICAL = 768;

/** The weight of the latest turn in the estimated cost of a step: a pause of the process must not look like work. */
const WEIGHT = { more: 0.1, less: 0.5 } as const;

/** Milliseconds after which recent work counts a third. */
const MEMORY = 1000;

/** Milliseconds after its last work from which a key without connections may begin anew. */
const REMEMBERED = 10 * MEMORY;

/** The event loop is one for the whole process, and so are its turns. */
const turns = new WeakMap<Peer, Turn>();
const waiting = new Set<Turn>();
const touched = new Set<Turn>();
/** Whose work runs since `activeSince`, until another key begins or the turn ends: its microtasks are part of it. */
let active: Turn | undefined;
let activeSince = 0;
/** Milliseconds of work of all keys in this turn of the event loop. */
let worked = 0;
let scheduled = false;
let servingScheduled = false;

/**
 * The turns of one key, which all its connections share. Work of a peer goes in steps, such as a packet, a frame or a line.
 * After as many as fit into 4 ms it pauses, and continues in a later turn of the event loop: of the keys that wait, the one
 * that worked least goes first. So a key that sends as fast as it can delays the others by milliseconds. They belong to the account
 * of the key, so that a new connection does not begin anew.
 */
export class Turn {
  readonly #waiting: (() => void)[] = [];
  /** Connections that share it. */
  connections = 0;
  /** Milliseconds of work in this turn of the event loop, as far as they are known. */
  #used = 0;
  #steps = 0;
  #stepsBefore = 0;
  /** Work that has begun in this turn of the event loop, and follows in microtasks. */
  #starts = 0;
  /** Steps that were not measured. */
  #unmeasured = 0;
  /** Bytes of work since the last look at the clock. */
  #unseen = 0;
  /** Milliseconds that a step takes, with the microtasks that follow it. */
  #cost = 0;
  #recent = 0;
  #recentAt = 0;

  /** Work with this many bytes is about to begin: false if it has to {@link wait}. */
  begin(bytes = TYPICAL): boolean {
    if (this.#isAlone(bytes)) return true;
    activate(this);
    if (this.#waiting.length > 0 || this.#used >= SLICE || this.#steps * this.#cost >= SLICE) return false;
    return worked < SLICE || this.#recent < LIGHT;
  }

  /** Whether nothing would change if it were forgotten. */
  isIdle(now: number): boolean {
    return this.connections === 0 && this.#waiting.length === 0 && now - this.#recentAt > REMEMBERED;
  }

  /** How long it worked recently, in ms. */
  get recent(): number {
    return this.#recent;
  }

  /** A step of work with this many bytes is done: true if the next one has to {@link wait}. */
  step(bytes = TYPICAL): boolean {
    this.#unseen += SMALLEST + bytes;
    if (active !== this) {
      if (this.#isAlone()) {
        this.#unmeasured += 1;
        return false;
      }
      activate(this);
    }
    this.#steps += 1;
    if (this.#steps * this.#cost >= SLICE) return true;
    if (this.#unseen < LOOK) return false;
    this.#unseen = 0;
    return this.#used + performance.now() - activeSince >= SLICE;
  }

  /** Work within a step, such as a call that a handler makes: the next {@link step} knows of it. */
  add(bytes = TYPICAL): void {
    this.#unseen += SMALLEST + bytes;
  }

  /** Calls `resume` when others have had their turn: in a later turn of the event loop, or of its own ones behind what waits already. */
  wait(resume: () => void): void {
    this.#waiting.push(resume);
    waiting.add(this);
    schedule();
  }

  /**
   * A step of work is done: undefined if the next one may follow at once, else when it may. What waits goes on at each look at the
   * clock: a pause after each small item would cost more than the item.
   */
  pass(bytes?: number): Promise<void> | undefined {
    const isOver = this.step(bytes) || (this.#unseen === 0 && this.#waiting.length > 0);
    return isOver ? new Promise((resolve) => this.wait(resolve)) : undefined;
  }

  /**
   * Work is about to begin that follows in microtasks, such as the first item of a stream, so that a look at the clock says nothing
   * yet: undefined if it may begin at once, else when it may.
   */
  start(): Promise<void> | undefined {
    // Its turn has an end, where the count begins anew.
    if (active !== this) activate(this);
    this.#starts += 1;
    const isOver = this.#starts > STARTS || this.step() || this.#waiting.length > 0;
    return isOver ? new Promise((resolve) => this.wait(resolve)) : undefined;
  }

  /** Its work ran for this long. */
  charge(milliseconds: number, now: number): void {
    this.#used += milliseconds;
    const before = this.#recent * Math.exp((this.#recentAt - now) / MEMORY);
    this.#recent = before + milliseconds + this.#unmeasured * this.#cost;
    this.#unmeasured = 0;
    this.#recentAt = now;
    const steps = this.#steps - this.#stepsBefore;
    this.#stepsBefore = this.#steps;
    if (steps === 0) return;
    const change = milliseconds / steps - this.#cost;
    this.#cost += change * (change > 0 ? WEIGHT.more : WEIGHT.less);
  }

  /** A turn of the event loop is over. */
  renew(): void {
    this.#used = 0;
    this.#steps = 0;
    this.#stepsBefore = 0;
    this.#starts = 0;
  }

  /**
   * Continues what waits, until its time is over. What waits again goes behind what waits already, and goes on in the same turn of the
   * event loop: its frames leave in one batch.
   */
  serve(): void {
    if (active !== this) activate(this);
    const resume = this.#isSpent ? undefined : this.#waiting.shift();
    if (resume === undefined) {
      if (this.#waiting.length === 0) waiting.delete(this);
      return;
    }
    resume();
    // The work follows in microtasks, such as a handler that calls all clients: it must be over before the next look at the clock.
    queueMicrotask(() => process.nextTick(() => this.serve()));
  }

  /** Whether no work is measured in this turn of the event loop, and its own is too little for that, also with this many bytes more. */
  #isAlone(bytes = 0): boolean {
    return !scheduled && this.#unmeasured < ALONE.steps && this.#unseen + bytes < ALONE.bytes;
  }

  get #isSpent(): boolean {
    return this.#used + performance.now() - activeSince >= SLICE || this.#steps * this.#cost >= SLICE;
  }
}

/** The turns of a peer that is connected; see {@link joinTurns}. */
export function turnOf(peer: Peer): Turn | undefined {
  return turns.get(peer);
}

/** A step of work is done: resolves when the next one may begin, in a turn of its key where the peer has any. */
export async function nextTurn(peer: Peer): Promise<void> {
  const turn = turnOf(peer);
  if (turn === undefined) return immediate();
  turn.step();
  await new Promise<void>((resolve) => turn.wait(resolve));
}

/** A connection of a peer begins to share the turns of its key. @returns the function for its end */
export function joinTurns(peer: Peer, turn: Turn): () => void {
  turns.set(peer, turn);
  turn.connections += 1;
  return () => {
    turn.connections -= 1;
  };
}

function activate(turn: Turn): void {
  const now = performance.now();
  charge(now);
  active = turn;
  activeSince = now;
  touched.add(turn);
  schedule();
}

function charge(now: number): void {
  if (active === undefined) return;
  worked += now - activeSince;
  active.charge(now - activeSince, now);
}

function schedule(): void {
  if (!scheduled) setImmediate(endTurn);
  scheduled = true;
  if (waiting.size === 0 || servingScheduled) return;
  servingScheduled = true;
  // In the same phase, after the microtasks of the first: what follows, such as timers, is not work of the key that was served.
  setImmediate(endServing);
}

function endServing(): void {
  charge(performance.now());
  active = undefined;
}

/** One key per turn of the event loop: its microtasks run before those of the next. */
function endTurn(): void {
  scheduled = servingScheduled = false;
  const now = performance.now();
  charge(now);
  active = undefined;
  worked = 0;
  for (const turn of touched) turn.renew();
  touched.clear();
  let next: Turn | undefined;
  for (const turn of waiting) if (next === undefined || turn.recent < next.recent) next = turn;
  next?.serve();
  if (waiting.size > 0) schedule();
}
