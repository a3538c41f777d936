const sources = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/**
 * As `AbortSignal.any`, whose signal does not keep its sources in Node: an `AbortSignal.timeout` that nothing else refers to is
 * collected as garbage before its time, and never fires. https://github.com/nodejs/node/issues/57736
 */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  const signal = AbortSignal.any([...signals]);
  sources.set(signal, signals);
  return signal;
}
