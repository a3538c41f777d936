// `npm run bench`: all benchmarks, one after the other; `npm run bench -- codegen` runs one.
import { cpus } from "node:os";

const all = ["calls", "streams", "import", "codegen", "exec", "guard", "login", "observe"];
const chosen = process.argv.slice(2);
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
for (const name of chosen.length === 0 ? all : all.filter((one) => chosen.includes(one))) await import(`./${name}.js`);
