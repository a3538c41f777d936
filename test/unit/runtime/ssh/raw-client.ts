import ssh2 from "ssh2";
import { onTestFinished } from "vitest";
import type { Bench } from "./support.js";

/** A plain ssh2 client, logged in as alice: it can send requests that our own client never does. */
export async function rawClient(bench: Bench): Promise<ssh2.Client> {
  const client = new ssh2.Client();
  onTestFinished(() => void client.destroy());
  await new Promise<void>((resolve, reject) => {
    client.on("ready", resolve).on("error", reject);
    client.connect({
      host: "127.0.0.1",
      port: bench.listener.port,
      username: "alice",
      privateKey: bench.alice.privateKey,
      hostVerifier: () => true,
      // Otherwise it forwards unix sockets with servers that identify as OpenSSH only.
      strictVendor: false,
    });
  });
  client.on("error", () => {});
  return client;
}
