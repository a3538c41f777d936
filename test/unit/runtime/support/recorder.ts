import type { Observer } from "../../../../runtime/src/base/observer/observer.js";

/** An event that a {@link Recorder} has received. */
interface Recorded {
  readonly event: keyof Observer;
  // Each event has other fields, and tests compare them with objects.
  readonly [field: string]: unknown;
}

/** An observer that keeps all events. */
export class Recorder {
  readonly events: Recorded[] = [];
  /** Pass it as the option `observer`. */
  readonly observer: Observer = new Proxy<Observer>(
    {},
    {
      get: (_, event: keyof Observer) => {
        // These take part in calls; the others only receive.
        if (event === "injectHeaders" || event === "runCall") return undefined;
        return (fields: object) => void this.events.push({ ...fields, event });
      },
    },
  );

  /** The events with this name. */
  of(event: keyof Observer): readonly Recorded[] {
    return this.events.filter((one) => one.event === event);
  }
}
