import type { ChatHandlers } from "../../generated/server.js";
import type { Line } from "../../generated/types.js";
import { type Member, Room } from "../lib/room.js";

/** One room for all callers. */
export function chat(): ChatHandlers {
  const room = new Room();
  return {
    async *update(_, lines, { peer }) {
      // Not `peer.user`: a key may log in under any user name that its line in authorized_keys does not exclude.
      const member = room.join(peer.principal ?? peer.fingerprint ?? "guest");
      // Not awaited here: a member that only listens must receive messages.
      const spoken = speak(room, member, lines);
      try {
        yield* member.lines();
        await spoken;
      } finally {
        room.leave(member);
      }
    },
  };
}

/** Ends with the request stream, which also ends when the call does. */
async function speak(room: Room, member: Member, lines: AsyncIterable<Line>): Promise<void> {
  try {
    for await (const { text } of lines) room.say({ from: member.name, text });
  } catch {
    // The call has failed with its own status.
  } finally {
    room.leave(member);
  }
}
