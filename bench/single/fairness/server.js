// The server process of the fairness benchmark, with a heap of 512 MB.
import { serveApi } from "../../../runtime/dist/compose/serve.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { cpu, quantile } from "../../measure.js";
import { fairnessApi, fairnessHandlers } from "./api.js";

const [audit, ...lines] = process.argv.slice(2);
const { privateKey } = generateKeyPair();
const server = await serveApi(fairnessApi, fairnessHandlers, {
  port: 0,
  hostKeys: { privateKey },
  authorizedKeys: { lines },
  korv: true,
  log: false,
  audit: { file: audit },
});

/** How much the server works before it comes to what is due: in CPU time, which other processes do not disturb. */
let delays = [];
let peak = 0;
const tick = () => {
  const due = cpu() + 5;
  setTimeout(() => {
    delays.push(Math.max(0, cpu() - due));
    peak = Math.max(peak, process.memoryUsage.rss());
    tick();
  }, 5).unref();
};
tick();
process.on("message", () => {
  process.send({ cpu: cpu(), peak, delay: quantile(delays, 0.99) ?? 0, worst: Math.max(0, ...delays) });
  peak = process.memoryUsage.rss();
  delays = [];
});
process.on("disconnect", () => process.exit());
process.send({ port: server.port, hostKey: server.fingerprints[0] });
