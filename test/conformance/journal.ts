import { appendFileSync, closeSync, existsSync, openSync, readSync } from "node:fs";
import { Waits } from "./handlers.js";

/** The events of a server in another process, in their order. */
type Entry =
  | ["started" | "finished", string]
  | ["aborted", string, string]
  | ["sent" | "taken", string, number]
  | ["process" | "exit", number];

class RecordedList extends Array<string> {
  record: (name: string) => void = () => undefined;

  override push(...names: string[]): number {
    for (const name of names) this.record(name);
    return super.push(...names);
  }
}

class RecordedMap<Value> extends Map<string, Value> {
  record: (name: string, value: Value) => void = () => undefined;

  override set(name: string, value: Value): this {
    this.record(name, value);
    return super.set(name, value);
  }
}

/** The waits of this process, each written to the file synchronously. */
export function recordWaits(file: string): Waits {
  const write = (entry: Entry): void => appendFileSync(file, `${JSON.stringify(entry)}\n`);
  const list = (kind: "started" | "finished"): string[] => {
    const names = new RecordedList();
    names.record = (name) => write([kind, name]);
    return names;
  };
  const map = <Value>(entry: (name: string, value: Value) => Entry): Map<string, Value> => {
    const values = new RecordedMap<Value>();
    values.record = (name, value) => write(entry(name, value));
    return values;
  };
  write(["process", process.pid]);
  process.on("exit", () => write(["exit", process.pid]));
  return {
    started: list("started"),
    finished: list("finished"),
    aborted: map((name, value: string) => ["aborted", name, value]),
    sent: map((name, value: number) => ["sent", name, value]),
    taken: map((name, value: number) => ["taken", name, value]),
  };
}

/** The events that processes have written to a file; each access to a property reads new ones. */
export class ReplayedWaits implements Waits {
  readonly #file: string;
  readonly #waits = new Waits();
  readonly #processes = new Set<number>();
  #at = 0;
  #rest = "";

  constructor(file: string) {
    this.#file = file;
  }

  get started(): string[] {
    return this.#replay().started;
  }

  get finished(): string[] {
    return this.#replay().finished;
  }

  get aborted(): Map<string, string> {
    return this.#replay().aborted;
  }

  get sent(): Map<string, number> {
    return this.#replay().sent;
  }

  get taken(): Map<string, number> {
    return this.#replay().taken;
  }

  /** The ids of the processes that run. */
  get processes(): readonly number[] {
    this.#replay();
    return [...this.#processes];
  }

  #replay(): Waits {
    const lines = (this.#rest + this.#read()).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#apply(JSON.parse(line) as Entry);
    return this.#waits;
  }

  #read(): string {
    if (!existsSync(this.#file)) return "";
    const descriptor = openSync(this.#file, "r");
    const buffer = Buffer.alloc(1 << 16);
    let text = "";
    for (let size = -1; size !== 0; ) {
      size = readSync(descriptor, buffer, 0, buffer.length, this.#at);
      this.#at += size;
      text += buffer.toString("latin1", 0, size);
    }
    closeSync(descriptor);
    return text;
  }

  #apply(entry: Entry): void {
    switch (entry[0]) {
      case "started":
      case "finished":
        this.#waits[entry[0]].push(entry[1]);
        break;
      case "aborted":
        this.#waits.aborted.set(entry[1], entry[2]);
        break;
      case "sent":
      case "taken":
        this.#waits[entry[0]].set(entry[1], entry[2]);
        break;
      case "process":
        this.#processes.add(entry[1]);
        break;
      case "exit":
        this.#processes.delete(entry[1]);
    }
  }
}
