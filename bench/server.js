// The serving process of the call benchmarks: ourselves and the naive peer, with the same handler and host key.
import { algorithms } from "../runtime/dist/ssh/algorithms.js";
