// `npm run bench`: all benchmarks, one after the other; `node bench/calls.js` runs one.
import { cpus } from "node:os";

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
for (const name of ["calls", "streams", "import", "gen", "exec", "guard"]) await import(`./${name}.js`);
