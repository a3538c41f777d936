import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import type { Turn } from "../../../base/accounts/turns.js";
import { internalsOf } from "../internals.js";

/**
 * Lets a connection read its packets in turns with those of other keys. ssh2 handles all packets of a chunk at once
 * (protocol/Protocol.js:311), a thousand small ones in 64 KiB. A handler that returns false ends the loop of the decipher
 * behind its packet (protocol/crypto.js:1085), as a key exchange does. Called after all other patches of `_onPayload`.
 * test/faults/guard/turns.test.ts notices a change.
 * @param turnOf returns the turns of the peer; undefined before it has authenticated
 */
export function takeTurns(connection: Connection, socket: Socket, turnOf: () => Turn | undefined): void {
  const { protocol } = internalsOf(connection);
  const { parse, _onPayload: receive } = protocol;
  let isOver = false;
  protocol._onPayload = (payload) => {
    const result = receive(payload);
    if (result !== undefined || turnOf()?.step() !== true) return result;
    isOver = true;
    return false;
  };
  const hold = (turn: Turn, chunk: Buffer): void => {
    const release = (next: () => void): void => {
      socket.off("end", onEnd);
      isHeld = false;
      if (socket.destroyed) return;
      try {
        next();
      } catch (error) {
        // As ssh2 does with what parse throws (server.js:1215).
        connection.emit("error", error as Error);
      }
    };
    // A socket that has no more data ends although it is paused. The chunk may have the DISCONNECT of the client.
    const onEnd = (): void => release(() => readToEnd(chunk));
    let isHeld = true;
    socket.pause();
    socket.prependOnceListener("end", onEnd);
    turn.wait(() => {
      if (!isHeld) return;
      release(() => {
        socket.resume();
        read(turn, chunk);
      });
    });
  };
  const read = (turn: Turn, chunk: Buffer): void => {
    isOver = false;
    let at = 0;
    while (at < chunk.length && !isOver) at = protocol._parse(chunk, at, chunk.length);
    if (at < chunk.length) hold(turn, chunk.subarray(at));
  };
  const readToEnd = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length; ) at = protocol._parse(chunk, at, chunk.length);
  };
  protocol.parse = (chunk, start, end) => {
    const turn = turnOf();
    if (turn === undefined) parse.call(protocol, chunk, start, end);
    else if (turn.begin(end - start)) read(turn, chunk.subarray(start, end));
    else hold(turn, chunk.subarray(start, end));
  };
}
