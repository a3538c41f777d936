import type { MlKem } from "./ml-kem.js";
import { nodeMlKem } from "./node-ml-kem.js";

let loaded: MlKem | undefined;
let loading: Promise<MlKem> | undefined;

/** The implementation that {@link loadMlKem} has loaded; undefined before. */
export function loadedMlKem(): MlKem | undefined {
  return loaded;
}

/** Loads ML-KEM at the first call: that of Node where it has one (since 24.7), otherwise @noble/post-quantum. */
export function loadMlKem(): Promise<MlKem> {
  loading ??= load().then(
    (kem) => {
      loaded = kem;
      return kem;
    },
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

async function load(): Promise<MlKem> {
  const native = nodeMlKem();
  return native ?? (await import("./noble-ml-kem.js")).nobleMlKem();
}

let warmed: Promise<void> | undefined;

/** Loads ML-KEM and computes one exchange, which takes 30 ms and more at first: the compiler optimizes it meanwhile. */
export function warmMlKem(): Promise<void> {
  warmed ??= warm().catch((error: unknown) => {
    warmed = undefined;
    throw error;
  });
  return warmed;
}

async function warm(): Promise<void> {
  const kem = await loadMlKem();
  await otherWork();
  const { encapsulationKey } = kem.keyGen();
  await otherWork();
  kem.encapsulate(encapsulationKey);
}

/** Resolves after the other work of the event loop. */
function otherWork(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve).unref());
}
