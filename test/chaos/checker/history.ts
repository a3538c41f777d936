import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Effect } from "../history/effect.js";
import type { Fault } from "../history/fault.js";
import type { Begun, Called, Ended, Finished, JournalLine, Taken } from "../history/journal.js";
import { readLines } from "../history/lines.js";

/** A call, as the journal of its client has it. */
export interface Call extends Called {
  readonly client: string;
  /** Undefined for a call that has not ended. */
  ended: Ended | undefined;
  /** Whether the nemesis has killed the client's process while the call ran. */
  wasKilled: boolean;
}

/** One process of a client. */
export interface Process extends Begun {
  readonly wasKilled: boolean;
  readonly finished: Finished | undefined;
}

/** All that a run has left, but for what the followers have taken. */
export interface History {
  readonly effects: readonly Effect[];
  readonly faults: readonly Fault[];
  readonly calls: readonly Call[];
  readonly processes: readonly Process[];
  /** How often clients have connected. */
  readonly connections: number;
  /** How often they have sent calls again, by method. */
  readonly retries: ReadonlyMap<string, number>;
}

/**
 * Reads the files of a run.
 * @param taken gets what each client's follower has taken, in order, over all processes of the client
 */
export async function readHistory(
  directory: string,
  taken: (client: string, line: Begun | Taken, effects: readonly Effect[]) => void,
): Promise<History> {
  const effects = await allLines<Effect>(join(directory, "effects.jsonl"));
  const faults = await allLines<Fault>(join(directory, "faults.jsonl"));
  const calls: Call[] = [];
  const processes: Process[] = [];
  const retries = new Map<string, number>();
  let connections = 0;
  const generation = (name: string): number => Number(name.split(".")[1]);
  const journals = readdirSync(join(directory, "journals")).sort((a, b) => generation(a) - generation(b));
  for (const name of journals) {
    const open = new Map<string, Call>();
    let begun: Begun | undefined;
    let finished: Finished | undefined;
    for await (const line of readLines<JournalLine>(join(directory, "journals", name))) {
      if (line.e === "begin") begun = line;
      if (begun === undefined) throw new Error(`${name}: the first line is not that of the begin`);
      const { client } = begun;
      if (line.e === "begin" || line.e === "item") taken(client, line, effects);
      else if (line.e === "call") {
        const call: Call = { ...line, client, ended: undefined, wasKilled: false };
        open.set(line.id, call);
        calls.push(call);
      } else if (line.e === "end") {
        const call = open.get(line.id);
        if (call === undefined) throw new Error(`${name}: the end of ${line.id}, which has not begun or ended before`);
        call.ended = line;
        open.delete(line.id);
      } else if (line.e === "connect") connections++;
      else if (line.e === "retry") retries.set(line.method, (retries.get(line.method) ?? 0) + 1);
      else finished = line;
    }
    // A process may be killed before its first line.
    if (begun === undefined) continue;
    const { client: target, generation } = begun;
    const wasKilled = faults.some(
      (one) => one.kind === "kill" && one.target === target && one.generation === generation,
    );
    for (const call of open.values()) call.wasKilled = wasKilled;
    processes.push({ ...begun, wasKilled, finished });
  }
  return { effects, faults, calls, processes, connections, retries };
}

async function allLines<T>(path: string): Promise<T[]> {
  const lines: T[] = [];
  if (existsSync(path)) for await (const line of readLines<T>(path)) lines.push(line);
  return lines;
}

/** A call and its end, for a report. */
export function describeCall({ id, method, intent, ended }: Call): string {
  return `${id}: ${method}${intent === undefined ? "" : ` ${intent}`}: ${ended?.status ?? "no end"}`;
}
