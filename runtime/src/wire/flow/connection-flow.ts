import type { ConnectionAccount } from "../../base/accounts/connection-account.js";
import { ReceiveWindow, SendWindow } from "./connection-window.js";
import { HeldBytes } from "./held-bytes.js";

/** The flow control of a connection: its windows in both directions, and the memory that it holds. */
export class ConnectionFlow {
  readonly memory: HeldBytes;
  readonly received: ReceiveWindow;
  readonly sent = new SendWindow();

  /** @param grant grants the peer more credit for the whole connection */
  constructor(account: ConnectionAccount | undefined, grant: (bytes: number) => void) {
    this.memory = new HeldBytes(account);
    this.received = new ReceiveWindow(this.memory, grant);
  }

  /** Both sides have windows of the connection, of this many bytes, unless the peer does not know them. */
  open(received: number, sent: number | undefined): void {
    if (sent === undefined) return;
    this.received.open(received);
    this.sent.open(sent);
  }

  /** The connection has ended. */
  close(): void {
    this.received.close();
    this.memory.close();
  }
}
