import type { ChatHandlers } from "../../generated/server.js";
import type { Line } from "../../generated/types.js";
import { type Member, Room } from "../lib/room.js";

/** One room for everybody. */
export function chat(): ChatHandlers {
  const room = new Room();
  return {
    async *update(_, lines, { peer }) {
      const member = room.join(peer.user);
      // Not awaited here: who only listens must hear.
      const spoken = speak(room, member, lines);
      try {
        yield* member.heard();
        await spoken;
      } finally {
        room.leave(member);
      }
    },
  };
}

/** Ends when the caller has no more to say; the signal is not needed, because then the lines end, too. */
async function speak(room: Room, member: Member, lines: AsyncIterable<Line>): Promise<void> {
  try {
    for await (const { text } of lines) room.say({ from: member.name, text });
  } catch {
    // The call has ended with a status of its own.
  } finally {
    room.leave(member);
  }
}
