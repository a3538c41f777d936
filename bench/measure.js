// Shared helpers of the benchmarks.

/** Milliseconds of CPU that this process has used. */
export function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The middle one of some numbers. */
export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** The quantile: the number below which `share` of the numbers lie. */
export function quantile(numbers, share) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * share)];
}

/** The echo method of the example API, with its generated validators. */
export async function echoApi() {
  /** @type {{ api: import("sshrpc/generated").Api }} */
  const { api } = await import("../generated/api.js");
  return { ...api, methods: api.methods.filter(({ resource }) => resource === "echo") };
}

/** Prints rows of cells under a heading, aligned. */
export function table(title, rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  console.log(`\n${title}`);
  for (const row of rows)
    console.log(`  ${row.map((cell, column) => String(cell).padStart(widths[column])).join("  ")}`);
}

const anything = () => true;
const method = (name, kind, more) => ({
  id: `GET /${name}`,
  resource: name,
  verb: "GET",
  path: `/${name}`,
  kind,
  params: {},
  idempotent: true,
  request: anything,
  ...more,
});

/** Methods for the stream benchmark, without validation: what is compared with does none either. */
export const streamsApi = {
  name: "bench",
  version: "1.0.0",
  hash: "bench",
  methods: [
    method("blob", "server-streaming", { responseItem: "bytes" }),
    method("tick", "server-streaming", { responseItem: anything }),
    method("echo", "unary", { response: anything }),
  ],
};
