import { RpcError } from "sshrpc/server";
import type { Line } from "../../generated/types.js";

/** The maximum number of lines that may wait for one member. A slower member is removed. */
const MAX_WAITING = 256;

/** A member of a room. */
export class Member {
  readonly name: string;
  #waiting: Line[] = [];
  #wake: (() => void) | undefined;
  #left = false;
  #dropped: RpcError | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Queues a line. False if the queue is full: the member is then removed. */
  receive(line: Line): boolean {
    if (this.#dropped !== undefined) return false;
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(line);
    else {
      this.#dropped = new RpcError("RESOURCE_EXHAUSTED", `more than ${MAX_WAITING} unread lines`);
      this.#waiting = [];
    }
    this.#wake?.();
    return this.#dropped === undefined;
  }

  /** Stops receiving; queued lines can still be read. */
  leave(): void {
    this.#left = true;
    this.#wake?.();
  }

  /** The lines of the room until the member leaves. @throws RpcError RESOURCE_EXHAUSTED if the member was removed */
  async *lines(): AsyncGenerator<Line, void> {
    for (;;) {
      if (this.#dropped !== undefined) throw this.#dropped;
      const line = this.#waiting.shift();
      if (line !== undefined) yield line;
      else if (this.#left) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** All members receive all lines in the same order, their own included. Lines without `from` are the room's own. */
export class Room {
  readonly #members = new Set<Member>();

  /** Adds a member, which must leave at the end. */
  join(name: string): Member {
    const member = new Member(name);
    this.#members.add(member);
    this.say({ text: `${name} is here` });
    return member;
  }

  say(line: Line): void {
    // A removed member leaves only after all have received the line, so that the order is the same for all.
    const dropped = [...this.#members].filter((member) => !member.receive(line));
    for (const member of dropped) this.leave(member);
  }

  leave(member: Member): void {
    member.leave();
    if (this.#members.delete(member)) this.say({ text: `${member.name} has left` });
  }
}
