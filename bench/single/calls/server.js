// The server process of the call benchmarks: sshrpc and the naive peer, with the same handler, validators and key.
import { serveApi } from "../../../runtime/dist/compose/serve.js";
import { serverAlgorithms } from "../../../runtime/dist/ssh/algorithms.js";
import { generateKeyPair } from "../../../runtime/dist/testing.js";
import { cpu } from "../../measure.js";
import { echoApi } from "./api.js";
import { serveNaive } from "./naive.js";

const [publicKey] = process.argv.slice(2);
const { privateKey } = generateKeyPair();
const api = await echoApi();
const [{ request, response }] = api.methods;
const handler = (value) => value;

const ours = await serveApi(
  api,
  { echo: { get: handler } },
  { port: 0, hostKeys: { privateKey }, authorizedKeys: { lines: [publicKey] }, log: false },
);
const naive = await serveNaive({ hostKey: privateKey, algorithms: serverAlgorithms(), request, response, handler });

process.on("message", () => process.send({ cpu: cpu() }));
process.on("disconnect", () => process.exit());
process.send({ ours: ours.port, hostKey: ours.fingerprints[0], naive: naive.port });
