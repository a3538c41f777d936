import { connect } from "../../generated/client.js";
import { runProgram } from "../lib/run-program.js";

/** The smallest client: `jiti examples/01-hello/hello.ts ssh://alice@127.0.0.1:8022`. */
await runProgram("hello ssh://user@host:port", 1, async ([address = ""], signal) => {
  await using client = await connect(address, { signal });
  const { msg } = await client.hello.get({ name: "Ada" }, { signal });
  console.log(msg);
});
