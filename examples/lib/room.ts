import { RpcError } from "sshrpc/server";
import type { Line } from "../../generated/types.js";

/** Lines that wait for one listener at most. Who is further behind than that is dropped. */
const MAX_WAITING = 256;

/** A listener in a room. */
export class Member {
  readonly name: string;
  #waiting: Line[] = [];
  #wake: (() => void) | undefined;
  #left = false;
  #dropped: RpcError | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Hears a line. False where too many wait already: then it has been dropped. */
  hear(line: Line): boolean {
    if (this.#dropped !== undefined) return false;
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(line);
    else {
      this.#dropped = new RpcError("RESOURCE_EXHAUSTED", `more than ${MAX_WAITING} lines waited to be taken`);
      this.#waiting = [];
    }
    this.#wake?.();
    return this.#dropped === undefined;
  }

  /** Hears nothing more; what waits can still be taken. */
  leave(): void {
    this.#left = true;
    this.#wake?.();
  }

  /** What it hears, until it leaves. @throws RpcError RESOURCE_EXHAUSTED where it was dropped */
  async *heard(): AsyncGenerator<Line, void> {
    for (;;) {
      if (this.#dropped !== undefined) throw this.#dropped;
      const line = this.#waiting.shift();
      if (line !== undefined) yield line;
      else if (this.#left) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Where everybody hears everybody, in the same order, oneself included. Lines without `from` are the room's own. */
export class Room {
  readonly #members = new Set<Member>();

  /** Whoever joins leaves. */
  join(name: string): Member {
    const member = new Member(name);
    this.#members.add(member);
    this.say({ text: `${name} is here` });
    return member;
  }

  say(line: Line): void {
    // Who is dropped leaves only after all have heard the line, so that the order stays the same for all.
    const dropped = [...this.#members].filter((member) => !member.hear(line));
    for (const member of dropped) this.leave(member);
  }

  leave(member: Member): void {
    member.leave();
    if (this.#members.delete(member)) this.say({ text: `${member.name} has left` });
  }
}
