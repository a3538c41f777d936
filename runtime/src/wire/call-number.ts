let last = 0;

/** The number of the next call that is observed in this process, from 1 on; see `CallEvent.call` of observers. */
export function nextCall(): number {
  last += 1;
  return last;
}
