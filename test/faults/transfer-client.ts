import { setTimeout as sleep } from "node:timers/promises";
import { receiveFile } from "../../examples/lib/receive-file.js";
import { connect } from "../../generated/client.js";

/**
 * A client that kills itself in the middle of a transfer. It connects to the address in its argument, prints "ready", and
 * waits for an order, one line of JSON.
 */
export interface Order {
  readonly direction: "up" | "down";
  readonly name: string;
  /** The file that a download writes. */
  readonly file: string;
  /** The number of chunks of an upload, their size, and the byte that fills them. */
  readonly chunks: number;
  readonly size: number;
  readonly fill: number;
  /** The client kills itself `delay` ms after this number of chunks. */
  readonly point: number;
  readonly delay: number;
}

const client = await connect(process.argv[2] as string);
process.stdout.write("ready\n");
process.stdin.once("data", (line: Buffer) => void transfer(JSON.parse(line.toString())));

async function transfer(order: Order): Promise<void> {
  const { direction, name, file } = order;
  if (direction === "up") await client.files.store({ name }, sent(order));
  else await receiveFile(file, received(client.files.get({ name }), order), { accept: () => undefined });
  process.stdout.write("done\n");
}

async function* sent(order: Order): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < order.chunks; count++) {
    dieAt(count, order);
    yield Buffer.alloc(order.size, order.fill);
    await sleep(1);
  }
  dieAt(order.chunks, order);
}

async function* received(chunks: AsyncIterable<Uint8Array>, order: Order): AsyncGenerator<Uint8Array> {
  dieAt(0, order);
  let count = 0;
  for await (const chunk of chunks) {
    count += 1;
    dieAt(count, order);
    yield chunk;
    await sleep(1);
  }
}

function dieAt(count: number, { point, delay }: Order): void {
  if (count === point) setTimeout(() => process.kill(process.pid, "SIGKILL"), delay);
}
