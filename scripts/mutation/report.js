// The report of a mutation run: the share of killed mutants of each folder, and every survivor.

/** `runtime/src/ssh/client/route.ts` belongs to `runtime/ssh/client`, `runtime/src/wire/frame.ts` to `runtime/wire`. */
function folderOf(file) {
  const [name, , ...path] = file.split("/").slice(0, -1);
  return [name, ...path.slice(0, path[0] === "ssh" ? 2 : 1)].join("/");
}

const share = (killed, total) => (total === 0 ? "-" : `${Math.round((100 * killed) / total)} %`);

export function printReport(outcomes) {
  const judged = outcomes.filter(({ outcome }) => outcome !== "equivalent");
  const isKilled = ({ outcome }) => outcome === "killed";
  const rows = groups(judged);
  console.log(`\n${"folder".padEnd(32)} killed  of`);
  for (const [folder, mutants] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const killed = mutants.filter(isKilled).length;
    console.log(`${folder.padEnd(32)} ${share(killed, mutants.length).padStart(6)}  ${mutants.length}`);
  }
  const killed = judged.filter(isKilled).length;
  console.log(`${"all".padEnd(32)} ${share(killed, judged.length).padStart(6)}  ${judged.length}`);
  const equivalent = outcomes.length - judged.length;
  if (equivalent > 0) console.log(`${equivalent} more make no difference (scripts/mutation/equivalent.json)`);
  console.log("\nsurvivors:");
  for (const { file, line, from, text, outcome } of judged.filter((mutant) => !isKilled(mutant)))
    console.log(`${file}:${line}: ${from} -> ${text}${outcome === "not covered" ? " (no test executes it)" : ""}`);
}

/** The outcomes of each folder. Node 20 has no Map.groupBy. */
function groups(outcomes) {
  const rows = new Map();
  for (const outcome of outcomes) {
    const folder = folderOf(outcome.file);
    rows.set(folder, [...(rows.get(folder) ?? []), outcome]);
  }
  return rows;
}
