import { closeSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import { ssh } from "./openssh.js";

/**
 * A session of which each call is a run of stock ssh: a command, and files of zeros.
 * @param commands for a command without effect, and for a file from and to the server
 * @returns {import("../peer.js").Session}
 */
export function stockSession(server, commands) {
  const refused = () => Promise.reject(new Error("not a typed client"));
  return {
    echo: { item: () => ssh(server, commands.command), list: refused, text: refused },
    bytes: {
      async down(size) {
        makeFile(server, size);
        await ssh(server, commands.down);
        return size;
      },
      async up(size) {
        const file = makeFile(server, size);
        await ssh(server, commands.up, `< ${file}`);
        return size;
      },
    },
    close: () => undefined,
  };
}

/** The file that is sent in either direction. */
export const sourceOf = ({ folder }) => join(folder, "source");

/** It is sparse: reading it takes no disk. */
function makeFile(server, size) {
  const file = openSync(sourceOf(server), "w");
  ftruncateSync(file, size);
  closeSync(file);
  return sourceOf(server);
}
