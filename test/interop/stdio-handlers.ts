import { join } from "node:path";
import { defineHandlers } from "../conformance/generated/server.js";
import { conformanceHandlers } from "../conformance/handlers.js";
import { recordWaits } from "../conformance/journal.js";

const directory = process.env["SSHRPC_TEST"] as string;
console.log("printed while loading");

/** Handlers of a server that sshd starts. Some write to the standard streams. */
export default defineHandlers({
  ...conformanceHandlers(recordWaits(join(directory, "journal"))),
  empty: {
    get: () => {
      console.log("printed by a handler");
      process.stdout.write("and by another way\n");
      process.stderr.write("x".repeat(500_000));
      return {};
    },
  },
  /** The peer. */
  headers: {
    get: (_, { peer: { user, fingerprint = "", address = "", scopes, authMethods = [], certificate } }) => [
      { name: "user", values: [user] },
      { name: "fingerprint", values: [fingerprint] },
      { name: "address", values: [address] },
      { name: "scopes", values: [...scopes] },
      { name: "authMethods", values: [...authMethods] },
      { name: "certificate", values: certificate ? [certificate.keyId, certificate.serial] : [] },
    ],
  },
});
