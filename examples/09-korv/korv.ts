import { connect } from "../../generated/client.js";
import { runProgram } from "../lib/run-program.js";

/** A typed client of a korv server, in Python or of sshrpc: `jiti examples/09-korv/korv.ts ssh://alice@127.0.0.1:8022`. */
await runProgram("korv ssh://user@host:port", 1, async ([address = ""], signal) => {
  await using client = await connect(address, { signal, protocol: "korv" });
  const { msg } = await client.hello.get({ name: "Ada" }, { signal });
  console.log(msg);
  const missing = await client.note.get.safe({ id: 999_999 }, { signal });
  if (!missing.ok) console.log(`${missing.error.code} ${missing.error.status}`);
});
