import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../../support/bundle.js";
import type { LineWriter } from "../history/lines.js";
import { Node } from "../nemesis/node.js";
import type { Topology } from "../topology/topology.js";
import type { ClientConfig } from "./main.js";

const CLIENT = fileURLToPath(new URL("main.ts", import.meta.url));

/** What the clients need. */
export interface FleetOptions {
  readonly directory: string;
  readonly clients: number;
  readonly seed: number;
  readonly lifetime: number;
  readonly faults: LineWriter;
}

/** The client processes of a run, not yet started. Each writes `NAME.GENERATION.jsonl` into `journals` of the directory. */
export async function fleet(topology: Topology, options: FleetOptions): Promise<Node[]> {
  const { directory, clients, seed, lifetime, faults } = options;
  const program = join(directory, "client.mjs");
  await bundle(CLIENT, program);
  return Array.from({ length: clients }, (_, index) => {
    const client = `client-${index + 1}`;
    const journal = (generation: number): string => join(directory, "journals", `${client}.${generation}.jsonl`);
    const command = (generation: number) => {
      const config: ClientConfig = {
        ...topology.entrance(index),
        ...{ client, generation, seed, lifetime, journal: journal(generation) },
        ...(generation > 1 && { previous: journal(generation - 1) }),
      };
      return { program, config };
    };
    return new Node(client, { command, ready: () => undefined, faults });
  });
}
